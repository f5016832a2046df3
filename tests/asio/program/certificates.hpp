#pragma once

// Keys and certificates, made when a test runs: an authority and what it signs.

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace program {

/// A certificate with its key, both as PEM.
struct Identity {
  std::string certificate, key;
};

/// Signs certificates. Its own is self-signed.
class Authority {
 public:
  explicit Authority(const std::string& name) : key_(make_key()) {
    certificate_ = sign(name, "", key_.get(), {.authority = true});
  }

  struct Wishes {
    long from = -3600, until = 3600;  ///< seconds from now
    bool authority = false;
  };

  /// For `names` in OpenSSL's spelling: "DNS:a.example,IP:10.0.0.1".
  [[nodiscard]] Identity issue(const std::string& names) const { return issue(names, {}); }
  [[nodiscard]] Identity issue(const std::string& names, const Wishes& wishes) const {
    const Key key = make_key();
    return {to_pem(sign("server", names, key.get(), wishes).get()), to_pem(key.get())};
  }
  /// What a client is to trust.
  [[nodiscard]] std::string certificate() const { return to_pem(certificate_.get()); }

 private:
  template <auto Free>
  struct Deleter {
    template <class T>
    void operator()(T* pointer) const {
      Free(pointer);
    }
  };
  using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
  using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;
  using Bio = std::unique_ptr<BIO, Deleter<BIO_free_all>>;

  static void need(bool done) {
    if (!done) throw std::runtime_error("OpenSSL cannot make a certificate");
  }
  static Key make_key() {
    Key key(EVP_EC_gen("P-256"));
    need(key != nullptr);
    return key;
  }
  static std::string text(Bio bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    return {data, static_cast<std::size_t>(size)};
  }
  static std::string to_pem(EVP_PKEY* key) {
    Bio bio(BIO_new(BIO_s_mem()));
    need(PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
    return text(std::move(bio));
  }
  static std::string to_pem(X509* certificate) {
    Bio bio(BIO_new(BIO_s_mem()));
    need(PEM_write_bio_X509(bio.get(), certificate) == 1);
    return text(std::move(bio));
  }
  static void add(X509* certificate, X509V3_CTX& context, int what, const std::string& value) {
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str());
    need(extension != nullptr);
    need(X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
  }

  [[nodiscard]] Certificate sign(const std::string& common_name, const std::string& names,
                                 EVP_PKEY* key, const Wishes& wishes) const {
    Certificate made(X509_new());
    X509_set_version(made.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial_);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), wishes.from);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), wishes.until);
    X509_set_pubkey(made.get(), key);
    X509_NAME* const subject = X509_get_subject_name(made.get());
    need(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                                    reinterpret_cast<const unsigned char*>(common_name.c_str()), -1,
                                    -1, 0) == 1);
    X509* const issuer = certificate_ ? certificate_.get() : made.get();
    X509_set_issuer_name(made.get(), X509_get_subject_name(issuer));
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, made.get(), nullptr, nullptr, 0);
    if (wishes.authority) add(made.get(), context, NID_basic_constraints, "critical,CA:TRUE");
    if (!names.empty()) add(made.get(), context, NID_subject_alt_name, names);
    need(X509_sign(made.get(), key_.get(), EVP_sha256()) > 0);
    return made;
  }

  Key key_;
  Certificate certificate_;
  mutable long serial_ = 0;
};

}  // namespace program
