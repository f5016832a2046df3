// What comes to a DHCP client's port: messages, leases, and the client that is told them.
//
// An input is a row of messages, each behind two bytes of length; a length of 0 lets time pass to
// the next deadline. The top bit of a length says that transaction, hardware address and port are
// made to fit (else nearly nothing would get past them).

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "bowline/base/byte_order.hpp"
#include "bowline/dhcp/client.hpp"
#include "bowline/wire/cursor.hpp"
#include "fuzz/require.hpp"

namespace bowline::fuzz {
namespace {

constexpr wire::MacAddress kMac{std::byte{2}, std::byte{0},    std::byte{0},
                                std::byte{0}, std::byte{0x10}, std::byte{7}};

// A lease that was taken is one that a host can live with.
void check_lease(const dhcp::Lease& lease) {
  require(lease.address.address.is_v4() && !lease.address.address.is_unspecified());
  require(!lease.address.address.is_multicast() && !lease.address.address.is_loopback());
  require(lease.address.prefix >= 1 && lease.address.prefix <= 32);
  require(lease.renew_at <= lease.rebind_at && lease.rebind_at <= lease.expires);
  require(!lease.mtu || *lease.mtu >= dhcp::kSmallestMtu);
  for (const IpAddress& router : lease.routers) require(lease.address.contains(router));
}

/// The client, and what its owner would do.
class Owner {
 public:
  Owner() {
    client_.start(now_);
    settle();
  }

  void tell(std::span<const std::byte> message, bool fitted) {
    std::vector<std::byte> bytes(message.begin(), message.end());
    if (fitted && bytes.size() >= dhcp::kFixedSize) {
      store_be<std::uint32_t>(&bytes[4], transaction_);
      std::copy(kMac.begin(), kMac.end(), bytes.begin() + 28);
    }
    static_cast<void>(dhcp::parse(bytes));
    client_.receive({IpAddress::v4(0x0a4d'0001), dhcp::kServerPort}, bytes, now_);
    settle();
  }
  void pass() {
    if (client_.next_deadline() == kNever) return;
    require(client_.next_deadline() > now_);
    now_ = client_.next_deadline();
    client_.advance(now_);
    settle();
  }

 private:
  void settle() {
    for (int i = 0; i < 10; ++i) {
      bool any = false;
      while (const auto transmit = client_.poll_transmit(now_)) {
        require(transmit->message.size() >= dhcp::kSmallestMessage);
        transaction_ = load_be<std::uint32_t>(&transmit->message[4]);
        any = true;
      }
      while (const auto event = client_.poll_event()) {
        check_lease(event->lease);
        // Every other address turns out to be somebody else's.
        if (event->kind == dhcp::EventKind::probe) client_.probed(++probes_ % 2 == 1, now_);
        any = true;
      }
      if (!any) return;
    }
    require(false);  // it does not come to rest
  }

  Time now_{};
  dhcp::Client client_{[] {
                         dhcp::Config config;
                         config.hardware = kMac;
                         return config;
                       }(),
                       SipKey{1, 2}};
  std::uint32_t transaction_ = 0;
  unsigned probes_ = 0;
};

void check(std::span<const std::byte> input) {
  Owner owner;
  wire::Cursor cursor(input);
  for (unsigned i = 0; i < 200 && cursor.remaining() >= 2; ++i) {
    const std::uint16_t head = cursor.u16();
    const std::size_t size = std::min<std::size_t>(head & 0x7fffU, cursor.remaining());
    if (size == 0) {
      owner.pass();
    } else {
      owner.tell(cursor.bytes(size), (head & 0x8000U) != 0);
    }
  }
}

}  // namespace
}  // namespace bowline::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  bowline::fuzz::check(std::as_bytes(std::span(data, size)));
  return 0;
}
