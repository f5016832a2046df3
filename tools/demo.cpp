// bowline demo: the main job, in front of one's eyes.

#include "tools/demo.hpp"

#include <fmt/format.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <memory>

#include "tools/arguments.hpp"
#include "tools/child.hpp"
#include "tools/command.hpp"
#include "tools/signals.hpp"

namespace bowline::tools {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  bowline demo                  a page and 200 MB each way; status 0 if all held\n"
    "  bowline demo --size 2000      the same with 2 GB\n"
    "  bowline demo --keep           leave the server up and say how to reach it\n"
    "  bowline demo --pcap small.pcapng\n"
    "      the connection of the diagram, each packet with its reasons, for Wireshark\n"
    "\n"
    "It needs no root: it makes a user and a network namespace of its own, which end with it.\n";

bool demo(const DemoOptions& options) {
  ignore_broken_pipes();
  if (options.in_memory) return demo_in_memory(options);
  const std::string obstacle = why_not_with_kernel();
  if (obstacle.empty()) return demo_with_kernel(options);
  fmt::print(
      "No network device for the kernel's side: {}\n"
      "So here is the same exchange between two Bowline stacks in memory.\n\n",
      obstacle);
  const bool good = demo_in_memory(options);
  if (options.keep)
    fmt::print("--keep: a server in memory cannot be reached, so nothing stays up.\n");
  return good;
}

}  // namespace

void add_demo(CLI::App& app, ExitStatus& status) {
  auto options = std::make_shared<DemoOptions>();
  CLI::App* const command = app.add_subcommand(
      "demo", "See it work, with curl and the kernel's TCP, in a network of its own");
  command->footer(kExamples);
  command
      ->add_option_function<std::string>(
          "--size",
          [=](const std::string& text) {
            options->megabytes = read_number("--size", text, 1, 100'000);
          },
          "Size of the large file, in million bytes [200]")
      ->type_name("MB");
  command->add_flag("--keep", options->keep,
                    "Then leave Bowline's server up until Ctrl-C, and say how to reach it");
  command->add_flag("--in-memory", options->in_memory,
                    "Between two stacks of this process, without the kernel");
  command->add_option("--pcap", options->pcap, "Capture the small connection as pcapng")
      ->type_name("FILE");
  command->callback([options, &status] {
    if (options->keep && options->in_memory) {
      throw WrongUsage("--keep: nobody could reach a server in memory; leave out --in-memory");
    }
    status = demo(*options) ? ExitStatus::done : ExitStatus::failed;
  });
}

}  // namespace bowline::tools
