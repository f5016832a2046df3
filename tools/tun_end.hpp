#pragma once

// A TUN device that a subcommand stands behind without a Stack: an end of a bridge, a side of a
// gateway. It may be in another network namespace than the subcommand.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bowline/os/file_descriptor.hpp"
#include "bowline/os/tun.hpp"

namespace bowline::tools {

/// "tun:NAME" or "tun:NAME@NAMESPACE".
struct TunEnd {
  std::string name;               ///< the interface's
  std::string network_namespace;  ///< a name of ip-netns(8), or a path; empty: this one

  [[nodiscard]] friend bool operator==(const TunEnd&, const TunEnd&) = default;
};

/// Reads the value of `argument`. Throws WrongUsage.
[[nodiscard]] TunEnd read_tun_end(const std::string& argument, const std::string& text);

/// Opens it with this MTU and these addresses on the kernel's side. Throws Failure, which names
/// `argument` where that is at fault.
[[nodiscard]] std::unique_ptr<os::TunLink> open_tun_end(const std::string& argument,
                                                        const TunEnd& end, std::uint32_t mtu,
                                                        const std::vector<Cidr>& addresses = {});

/// The signals that ask for the end, as something to poll; from now on they end nothing by
/// themselves. Throws Failure.
[[nodiscard]] os::FileDescriptor end_signals();

}  // namespace bowline::tools
