// FileServer over the kernel's TCP.
#include "bowline/http/server_impl.hpp"

namespace bowline::inline v0::http {
template class FileServer<boost::asio::ip::tcp>;
}  // namespace bowline::inline v0::http
