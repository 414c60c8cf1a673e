"""System OpenSSL as an independent judge of certification paths, by its C interface."""

from __future__ import annotations

import ctypes
import ctypes.util
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

CRL_CHECK, CRL_CHECK_ALL, STRICT = 0x4, 0x8, 0x20
POLICY_CHECK, EXPLICIT_POLICY = 0x80, 0x100
FLAGS = CRL_CHECK | CRL_CHECK_ALL | STRICT | POLICY_CHECK | EXPLICIT_POLICY

_P = ctypes.c_void_p
_SIGNATURES: dict[str, tuple[object, tuple[object, ...]]] = {
    "d2i_X509": (_P, (_P, ctypes.POINTER(ctypes.c_char_p), ctypes.c_long)),
    "d2i_X509_CRL": (_P, (_P, ctypes.POINTER(ctypes.c_char_p), ctypes.c_long)),
    "X509_free": (None, (_P,)),
    "X509_CRL_free": (None, (_P,)),
    "X509_STORE_new": (_P, ()),
    "X509_STORE_free": (None, (_P,)),
    "X509_STORE_add_cert": (ctypes.c_int, (_P, _P)),
    "X509_STORE_add_crl": (ctypes.c_int, (_P, _P)),
    "X509_STORE_CTX_new": (_P, ()),
    "X509_STORE_CTX_free": (None, (_P,)),
    "X509_STORE_CTX_init": (ctypes.c_int, (_P, _P, _P, _P)),
    "X509_STORE_CTX_get0_param": (_P, (_P,)),
    "X509_STORE_CTX_get_error": (ctypes.c_int, (_P,)),
    "X509_VERIFY_PARAM_set_flags": (ctypes.c_int, (_P, ctypes.c_ulong)),
    "X509_VERIFY_PARAM_set_time": (None, (_P, ctypes.c_int64)),
    "X509_VERIFY_PARAM_add0_policy": (ctypes.c_int, (_P, _P)),
    "X509_verify_cert": (ctypes.c_int, (_P,)),
    "X509_verify_cert_error_string": (ctypes.c_char_p, (ctypes.c_long,)),
    "OBJ_txt2obj": (_P, (ctypes.c_char_p, ctypes.c_int)),
    "OPENSSL_sk_new_null": (_P, ()),
    "OPENSSL_sk_push": (ctypes.c_int, (_P, _P)),
    "OPENSSL_sk_free": (None, (_P,)),
}


def _library() -> ctypes.CDLL | None:
    found = ctypes.util.find_library("crypto")
    if found is None:
        return None
    library = ctypes.CDLL(found)
    try:
        for name, (result, arguments) in _SIGNATURES.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
    except AttributeError:  # older than 1.1.0
        return None
    return library


LIBRARY = _library()


class Judge:
    """One trust anchor, its revocation lists and intermediate certificates; parsed once."""

    def __init__(
        self, anchor: bytes, intermediates: Iterable[bytes], revocations: Iterable[bytes]
    ) -> None:
        assert LIBRARY is not None
        self.lib = LIBRARY
        self.store = self.lib.X509_STORE_new()
        self.between = self.lib.OPENSSL_sk_new_null()
        self._certificates = [self.certificate(der) for der in (anchor, *intermediates)]
        self.lib.X509_STORE_add_cert(self.store, self._certificates[0])
        for certificate in self._certificates[1:]:
            self.lib.OPENSSL_sk_push(self.between, certificate)
        for der in revocations:
            crl = self._read(self.lib.d2i_X509_CRL, der)
            self.lib.X509_STORE_add_crl(self.store, crl)
            self.lib.X509_CRL_free(crl)

    def close(self) -> None:
        self.lib.OPENSSL_sk_free(self.between)
        for certificate in self._certificates:
            self.lib.X509_free(certificate)
        self.lib.X509_STORE_free(self.store)

    @staticmethod
    def _read(read: Callable[..., int], der: bytes) -> int:
        made = read(None, ctypes.byref(ctypes.c_char_p(der)), len(der))
        assert made, "OpenSSL does not read this"
        return made

    def certificate(self, der: bytes) -> int:
        """A parsed certificate; the caller frees it with `free`."""
        return self._read(self.lib.d2i_X509, der)

    def free(self, certificate: int) -> None:
        self.lib.X509_free(certificate)

    def verdict(self, certificate: int, policies: Sequence[str], now: float) -> str:
        """Why the path to `certificate` does not hold under any of `policies`; "" when it does."""
        context = self.lib.X509_STORE_CTX_new()
        self.lib.X509_STORE_CTX_init(context, self.store, certificate, self.between)
        param = self.lib.X509_STORE_CTX_get0_param(context)
        self.lib.X509_VERIFY_PARAM_set_flags(param, FLAGS)
        self.lib.X509_VERIFY_PARAM_set_time(param, int(now))
        for oid in policies:
            self.lib.X509_VERIFY_PARAM_add0_policy(param, self.lib.OBJ_txt2obj(oid.encode(), 1))
        holds = self.lib.X509_verify_cert(context) == 1
        error = self.lib.X509_STORE_CTX_get_error(context)
        self.lib.X509_STORE_CTX_free(context)
        why: bytes = self.lib.X509_verify_cert_error_string(error)
        return "" if holds else why.decode()
