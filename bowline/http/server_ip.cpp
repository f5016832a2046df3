// FileServer over the kernel's TCP.
#include "bowline/http/server_impl.hpp"

namespace bowline::http {
template class FileServer<boost::asio::ip::tcp>;
}  // namespace bowline::http
