#include "bowline/http/download.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/beast/core/string.hpp>

#include "bowline/http/content_range.hpp"
#include "bowline/http/date.hpp"
#include "bowline/http/exchange.hpp"

namespace bowline::inline v0::http {
namespace {

using boost::asio::awaitable;
using detail::printable;
using detail::Problem;

bool same_name(std::string_view a, std::string_view b) {
  return boost::beast::iequals({a.data(), a.size()}, {b.data(), b.size()});
}

bool names(const Field& field, std::string_view name) { return same_name(field.first, name); }

// RFC 9110 section 5.6.2.
bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return c > ' ' && c < 0x7f && !std::string_view("\"(),/:;<=>?@[\\]{}").contains(c);
  });
}

// What is for the server that was named, and for no other that it may point to.
void drop_secrets(std::vector<Field>& fields) {
  constexpr std::array<std::string_view, 4> kSecret{"Authorization", "Cookie",
                                                    "Proxy-Authorization", "Host"};
  std::erase_if(fields, [&](const Field& field) {
    return std::ranges::any_of(kSecret, [&](std::string_view name) { return names(field, name); });
  });
}

bool is_redirect(const Answer& answer) {
  constexpr std::array<unsigned, 5> kRedirects{301, 302, 303, 307, 308};
  return std::ranges::find(kRedirects, answer.status) != kRedirects.end() &&
         !answer.field("Location").empty();
}

std::string request_text(const DownloadRequest& request, const Url& url) {
  std::vector<Field> fields{{"Host", authority(url)},
                            {"User-Agent", "bowline"},
                            {"Accept", "*/*"},
                            {"Accept-Encoding", "identity"},
                            {"Connection", "close"}};
  if (request.resume) {
    fields.emplace_back("Range", fmt::format("bytes={}-", request.resume->offset));
    fields.emplace_back("If-Range", request.resume->validator);
  }
  std::string text = fmt::format("{} {} HTTP/1.1\r\n", request.head ? "HEAD" : "GET", url.target);
  for (const Field& field : fields) {
    const bool replaced = std::ranges::any_of(
        request.fields, [&](const Field& own) { return names(own, field.first); });
    if (!replaced) text += fmt::format("{}: {}\r\n", field.first, field.second);
  }
  for (const Field& field : request.fields) {
    text += fmt::format("{}: {}\r\n", field.first, field.second);
  }
  return text + "\r\n";
}

// The part that came must be the part that was asked for, up to the end of the file: anything else
// put behind what is there would be a broken file that looks whole.
Problem check_part(const DownloadRequest& request, Answer& answer) {
  if (!request.resume) {
    // Nobody asked, unless the user did by a field of his own: then the part is what he wants.
    const bool asked = std::ranges::any_of(
        request.fields, [](const Field& field) { return names(field, "Range"); });
    if (asked) return {};
    return "the server sends a part of the file, though all of it was asked for";
  }
  const auto range = parse_content_range(answer.field("Content-Range"));
  if (!range || !range->part || range->part->offset != request.resume->offset) {
    return fmt::format("the server sends another part ({}) than the one from byte {} on",
                       printable(answer.field("Content-Range")), request.resume->offset);
  }
  const ByteRange& part = *range->part;
  if ((range->total && part.offset + part.length != *range->total) ||
      (answer.body_size && *answer.body_size != part.length)) {
    return fmt::format("the server sends a part that does not reach the end of the file ({})",
                       printable(answer.field("Content-Range")));
  }
  answer.body_size = part.length;
  answer.offset = part.offset;
  return {};
}

// Nothing where the answer brings what was asked for.
Problem check_status(const DownloadRequest& request, Answer& answer) {
  if (answer.status == 206) return check_part(request, answer);
  if (answer.status >= 200 && answer.status < 300) return {};
  return fmt::format("the server says {}{}{}", answer.status, answer.reason.empty() ? "" : " ",
                     printable(answer.reason));
}

// 416: what is there already is the whole file, or it is more than there is now.
bool is_complete(const DownloadRequest& request, const Answer& answer) {
  const auto range = parse_content_range(answer.field("Content-Range"));
  return range && range->total == request.resume->offset;
}

}  // namespace

std::optional<Field> parse_field(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || !is_token(text.substr(0, colon))) return std::nullopt;
  std::string_view value = text.substr(colon + 1);
  while (value.starts_with(' ') || value.starts_with('\t')) value.remove_prefix(1);
  while (value.ends_with(' ') || value.ends_with('\t')) value.remove_suffix(1);
  const bool plain = std::ranges::all_of(value, [](char c) {
    return (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) || c == '\t';
  });
  if (!plain) return std::nullopt;
  return Field(text.substr(0, colon), value);
}

std::string_view Answer::field(std::string_view name) const {
  const auto found =
      std::ranges::find_if(fields, [&](const Field& each) { return names(each, name); });
  return found == fields.end() ? std::string_view() : std::string_view(found->second);
}

std::string Answer::validator() const {
  // A weak tag may stay the same while bytes change (RFC 9110 section 8.8.1).
  const std::string_view tag = field("ETag");
  if (tag.size() >= 2 && tag.starts_with('"') && tag.ends_with('"')) return std::string(tag);
  // Without a tag a date serves, if what the answer shows was changed before the second in which it
  // was sent (sections 8.8.2.2 and 13.1.5).
  const std::string_view changed = field("Last-Modified");
  const auto modified = parse_date(changed, current_date());
  const auto sent = parse_date(field("Date"), current_date());
  if (tag.empty() && modified && sent && *modified < *sent) return std::string(changed);
  return {};
}

void Download::cancel(std::string why) {
  if (cancelled_.empty()) cancelled_ = std::move(why);
  channel_.close();
}

std::expected<Url, std::string> Download::next_hop(const Answer& from) {
  const std::string_view location = from.field("Location");
  auto to = resolve_reference(from.url, location);
  if (!to) {
    return std::unexpected(
        fmt::format("the server redirects to {}, which {}", printable(location), to.error()));
  }
  if (from.url.tls && !to->tls) {
    return std::unexpected(fmt::format(
        "the server redirects from https to {}, which is not encrypted; get that URL itself if you "
        "want it",
        printable(to_string(*to))));
  }
  if (!same_origin(from.url, *to)) drop_secrets(request_.fields);
  if (on_redirect) on_redirect(from, *to);
  return to;
}

awaitable<std::expected<DownloadResult, std::string>> Download::run(BodySink& sink) {
  DownloadResult result;
  Url url = request_.url;
  const auto fail = [this](std::string why) {
    channel_.close();
    return std::unexpected(cancelled_.empty() ? std::move(why) : cancelled_);
  };
  for (;;) {
    if (!cancelled_.empty()) co_return fail({});
    std::string closed = co_await channel_.open(url);
    if (!closed.empty() || !cancelled_.empty()) co_return fail(std::move(closed));

    detail::Exchange exchange(channel_, request_.head, request_.most_header_bytes);
    Problem problem = co_await exchange.ask(request_text(request_, url));
    result.answer = Answer();
    result.answer.url = url;
    if (!problem) problem = co_await exchange.read_header(result.answer);
    if (problem) co_return fail(std::move(*problem));

    if (is_redirect(result.answer)) {
      if (result.redirects == request_.most_redirects) {
        co_return fail(
            fmt::format("the server redirects more than {} times", request_.most_redirects));
      }
      ++result.redirects;
      auto next = next_hop(result.answer);
      if (!next) co_return fail(next.error());
      url = std::move(*next);
      channel_.close();
      continue;
    }
    if (result.answer.status == 416 && request_.resume) {
      result.was_complete = is_complete(request_, result.answer);
      channel_.close();
      if (result.was_complete) co_return result;
      request_.resume.reset();  // once: there is nothing to go on from
      continue;
    }
    problem = check_status(request_, result.answer);
    if (problem) co_return fail(std::move(*problem));

    std::string refused = co_await sink.begin(result.answer);
    if (!refused.empty()) co_return fail(std::move(refused));
    problem = co_await exchange.read_body(sink, result.body_bytes);
    if (problem) co_return fail(std::move(*problem));
    const auto expected_size = result.answer.body_size;
    if (!request_.head && expected_size && *expected_size != result.body_bytes) {
      co_return fail(fmt::format("the server announced {} bytes and sent {}", *expected_size,
                                 result.body_bytes));
    }
    channel_.close();
    if (!cancelled_.empty()) co_return fail({});
    co_return result;
  }
}

}  // namespace bowline::inline v0::http
