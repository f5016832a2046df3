// FileServer over Bowline's TCP.
#include "bowline/http/server_impl.hpp"

namespace bowline::http {
template class FileServer<net::tcp>;
}  // namespace bowline::http
