// async_get() over the kernel's TCP.
#include "bowline/http/client_impl.hpp"

namespace bowline::inline v0::http {
template void async_get<boost::asio::ip::tcp>(boost::asio::ip::tcp::socket,
                                              const boost::asio::ip::tcp::endpoint&, GetRequest,
                                              BodyHandler, GetHandler);
}  // namespace bowline::inline v0::http
