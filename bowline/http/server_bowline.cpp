// FileServer over Bowline's TCP.
#include "bowline/http/server_impl.hpp"

namespace bowline::inline v0::http {
template class FileServer<net::tcp>;
}  // namespace bowline::inline v0::http
