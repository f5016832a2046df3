// async_get() over Bowline's TCP.
#include "bowline/http/client_impl.hpp"

namespace bowline::inline v0::http {
template void async_get<net::tcp>(net::tcp::socket, const net::tcp::endpoint&, GetRequest,
                                  BodyHandler, GetHandler);
}  // namespace bowline::inline v0::http
