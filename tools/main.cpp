// The `bowline` command: picks the subcommand, and turns whatever goes wrong into one line and an
// exit status.

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Error.hpp>
#include <CLI/Formatter.hpp>
#include <cstdio>
#include <exception>
#include <string>

#include "bowline/base/version.hpp"
#include "tools/command.hpp"

namespace bowline::tools {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  bowline demo                       see it work, in a network namespace of its own\n"
    "  sudo bowline serve ~/public        http://10.77.0.2/ for this machine\n"
    "  sudo bowline get http://10.77.0.1:8000/   from a server on this machine\n"
    "  sudo bowline nc -l 9000            bytes by hand\n"
    "  sudo bowline ss -tanieo            what the sockets of running instances do\n"
    "  bowline serve --help               all about serving\n"
    "  bowline sim lossy.toml             a network in virtual time: table, capture, graphs\n"
    "  bowline lab two-way-handshake      why TCP is as it is: without one thing, and with it\n"
    "  bowline explain web.pcapng         what happened in a capture, and what broke which rule\n"
    "  sudo bowline gateway --syn-proxy --outside tun:wan --inside tun:lan   guard servers\n"
    "  bowline drill tests/scripts        packetdrill scripts, thousands in a second\n"
    "\n"
    "Exit status: 0 done, 1 failed (one line says why and what would help), 2 wrong usage.\n";

ExitStatus fail(ExitStatus status, const std::string& command, std::string message) {
  // One line, whatever the message was made of.
  for (char& c : message) {
    if (c == '\n') c = ' ';
  }
  while (message.ends_with(' ')) message.pop_back();
  std::fprintf(stderr, "bowline%s: %s\n", command.c_str(), message.c_str());
  return status;
}

// An argument that nobody asked for.
std::string unknown(const std::string& argument, const std::string& command) {
  const bool option = argument.starts_with('-');
  const char* const what = option            ? ": no such option; "
                           : command.empty() ? ": no such subcommand; "
                                             : ": one argument too many; ";
  return argument + what + "see bowline" + command + " --help";
}

// What CLI11 found wrong, in this command's words.
std::string describe(const CLI::ParseError& error, const std::string& command) {
  const std::string what = error.what();
  constexpr const char* kExtras = "The following argument was not expected: ";
  constexpr const char* kManyExtras = "The following arguments were not expected: ";
  for (const std::string start : {kExtras, kManyExtras}) {
    if (!what.starts_with(start)) continue;
    const std::string rest = what.substr(start.size());
    return unknown(rest.substr(0, rest.find(' ')), command);
  }
  return what + "; see bowline" + command + " --help";
}

// " serve", or nothing where no subcommand was named.
std::string chosen(const CLI::App& app) {
  const auto subcommands = app.get_subcommands();
  return subcommands.empty() ? "" : " " + subcommands.front()->get_name();
}

ExitStatus run(int argc, char** argv) {
  ExitStatus status = ExitStatus::done;
  CLI::App app("Bowline: a TCP/IP host stack inside a program, as a command", "bowline");
  app.set_version_flag("--version", "bowline " + std::string(kVersion),
                       "Print the version and exit");
  app.set_help_flag("-h,--help", "Print this help and exit");
  app.get_formatter()->column_width(28);
  app.footer(kExamples);
  app.require_subcommand(1);
  add_serve(app, status);
  add_get(app, status);
  add_nc(app, status);
  add_ss(app, status);
  add_demo(app, status);
  add_explain(app, status);
  add_sim(app, status);
  add_drill(app, status);
  add_lab(app, status);
  add_gateway(app, status);

  try {
    app.parse(argc, argv);
    return status;
  } catch (const CLI::Success& asked) {  // --help, --version
    app.exit(asked);
    return ExitStatus::done;
  } catch (const CLI::RequiredError& error) {
    if (!chosen(app).empty()) {
      return fail(ExitStatus::wrong_usage, chosen(app), describe(error, chosen(app)));
    }
    return fail(
        ExitStatus::wrong_usage, "",
        argc > 1
            ? unknown(argv[1], "")
            : "needs a subcommand: serve, get, nc, ss, demo, explain, sim, drill, lab or gateway; "
              "see bowline --help");
  } catch (const CLI::ParseError& error) {
    return fail(ExitStatus::wrong_usage, chosen(app), describe(error, chosen(app)));
  } catch (const WrongUsage& error) {
    return fail(ExitStatus::wrong_usage, chosen(app), error.what());
  } catch (const std::exception& error) {  // Failure, and what nobody foresaw
    return fail(ExitStatus::failed, chosen(app), error.what());
  }
}

}  // namespace
}  // namespace bowline::tools

int main(int argc, char** argv) { return static_cast<int>(bowline::tools::run(argc, argv)); }
