//! Opening and accepting connections: TCP, mutual TLS, hello. The result has a proven peer and an
//! agreed version.

use crate::access::{Role, may_use};
use crate::codec::PostcardCodec;
use crate::hello::{HELLO_BYTES, Hello, HelloError, HelloReply, Service, TEXT_BYTES_MAX, VERSIONS, Verdict};
use crate::tls::{Expected, Identity, principal_of};
use dfs_types::{Error, ErrorCode, Principal, Protection};
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, ToSocketAddrs};
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};
use tokio_util::codec::Framed;

/// The longest time that either side waits for the other's handshake and hello.
pub const HELLO_TIMEOUT: Duration = Duration::from_secs(5);

/// The transport that tarpc uses.
pub type Transport<In, Out> = Framed<TlsStream<TcpStream>, PostcardCodec<In, Out>>;

/// The reason why a connection could not be established.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error("connect: {}", plain(.0))]
    Io(#[from] std::io::Error),
    #[error("no answer within {} ms", .0.as_millis())]
    Timeout(Duration),
    #[error("hello: {0}")]
    Hello(#[from] HelloError),
    #[error("refused: {text}")]
    Refused { verdict: Verdict, text: String },
    #[error("the peer's certificate does not name a principal of this cluster")]
    Nobody,
}

impl ConnectError {
    /// Returns the error that the caller of a command sees.
    pub fn into_error(self, address: impl std::fmt::Display) -> Error {
        let code = match &self {
            Self::Timeout(_) => ErrorCode::Unreachable,
            Self::Io(error) if is_tls(error) => ErrorCode::Unauthenticated,
            Self::Io(_) => ErrorCode::Unreachable,
            Self::Hello(_) => ErrorCode::Unsupported,
            Self::Nobody => ErrorCode::Unauthenticated,
            Self::Refused { verdict, .. } => match verdict {
                Verdict::Version | Verdict::Service => ErrorCode::Unsupported,
                Verdict::Busy => ErrorCode::Unreachable,
                _ => ErrorCode::Unauthenticated,
            },
        };
        Error::new(code, format!("{address}: {self}"))
    }
}

/// The error text for a connection whose ends have credentials of different authorities.
pub const FOREIGN: &str = "the other end belongs to another cluster than the credential";
/// The error text for a connection that the other end refuses because our certificate has expired.
pub const EXPIRED: &str = "the credential has expired, or a clock is wrong";

/// Returns what is wrong with a certificate in plain words; none for errors of other kinds.
fn certificate(error: &rustls::Error) -> Option<&'static str> {
    use rustls::{AlertDescription, CertificateError, Error};
    Some(match error {
        Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature)
        | Error::AlertReceived(AlertDescription::UnknownCA) => FOREIGN,
        Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            "the certificate of the other end has expired, or the clock of this machine is wrong"
        }
        Error::InvalidCertificate(CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. }) => {
            "the certificate of the other end is not valid yet: a clock is wrong"
        }
        Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => "the other end is another daemon than expected",
        Error::InvalidCertificate(_) => "the certificate of the other end is not valid",
        Error::AlertReceived(AlertDescription::CertificateExpired) => EXPIRED,
        Error::AlertReceived(
            AlertDescription::BadCertificate
            | AlertDescription::CertificateUnknown
            | AlertDescription::CertificateRevoked
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::DecryptError
            | AlertDescription::AccessDenied,
        ) => "the other end does not accept the credential",
        _ => return None,
    })
}

/// Returns the system's error message in lower case and without its number.
fn plain(error: &std::io::Error) -> String {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    if let Some(words) = inner.and_then(certificate) {
        return words.to_owned();
    }
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

/// Returns true for a TLS error. rustls reports its errors as `io::Error` of kind `InvalidData`.
fn is_tls(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::InvalidData
}

/// An open connection whose ends are both authenticated.
#[derive(Debug)]
pub struct Connected {
    pub stream: TlsStream<TcpStream>,
    /// The identity of the other end.
    pub peer: Principal,
    pub service: Service,
    /// The protocol version of the connection.
    pub version: u16,
    /// The rest of the connection is unencrypted; the caller must take the socket out of the
    /// stream.
    pub plain: bool,
}

/// Opens a connection for `service` to an address, or to `HOST:PORT`: all addresses of a host name
/// are tried.
///
/// # Errors
/// Returns an error if no address answers, if the peer does not have the expected identity, or if
/// it refuses.
pub async fn connect(
    identity: &Identity,
    address: impl ToSocketAddrs,
    expected: Expected,
    service: Service,
    protection: Protection,
    timeout: Duration,
) -> Result<Connected, ConnectError> {
    connect_speaking(VERSIONS, identity, address, expected, service, protection, timeout).await
}

/// Opens a connection like [`connect`], as a build with `versions` does. For tests with peers of
/// other versions.
///
/// # Errors
/// As [`connect`].
pub async fn connect_speaking(
    versions: RangeInclusive<u16>,
    identity: &Identity,
    address: impl ToSocketAddrs,
    expected: Expected,
    service: Service,
    protection: Protection,
    timeout: Duration,
) -> Result<Connected, ConnectError> {
    let opening = async {
        #[expect(clippy::disallowed_methods, reason = "connections to daemons are opened here")]
        let tcp = TcpStream::connect(address).await?;
        tcp.set_nodelay(true)?;
        if service == Service::Data {
            enlarge_buffers(&tcp);
        }
        let plain_welcome = service == Service::Data && plain_allowed(protection, &tcp);
        let connector = TlsConnector::from(identity.client.clone());
        let mut stream = TlsStream::Client(connector.connect(expected.server_name(), tcp).await?);
        let peer = peer_of(&stream, identity)?;
        stream.write_all(&Hello::new(service, identity.cluster, plain_welcome, &versions).encode()).await?;
        stream.flush().await?;
        let reply = read_reply(&mut stream).await?;
        if reply.verdict != Verdict::Welcome {
            return Err(ConnectError::Refused { verdict: reply.verdict, text: reply.text });
        }
        if !versions.contains(&reply.version) {
            return Err(HelloError::Value.into());
        }
        Ok(Connected { stream, peer, service, version: reply.version, plain: reply.plain && plain_welcome })
    };
    tokio::time::timeout(timeout, opening).await.map_err(|_| ConnectError::Timeout(timeout))?
}

async fn read_reply(stream: &mut TlsStream<TcpStream>) -> Result<HelloReply, ConnectError> {
    let mut bytes = [0; HELLO_BYTES];
    stream.read_exact(&mut bytes).await?;
    let (mut reply, length) = HelloReply::decode(&bytes)?;
    let mut text = vec![0; length.min(TEXT_BYTES_MAX)];
    stream.read_exact(&mut text).await?;
    reply.text = String::from_utf8_lossy(&text).into_owned();
    Ok(reply)
}

/// Accepts a connection: handshake and hello, within [`HELLO_TIMEOUT`]. A caller that is refused
/// gets the reason first.
///
/// # Errors
/// Returns an error if the caller does not authenticate, sends no valid hello, or is refused.
pub async fn accept(
    identity: &Identity,
    tcp: TcpStream,
    offered: &[Service],
    protection: Protection,
) -> Result<Connected, ConnectError> {
    accept_speaking(VERSIONS, identity, tcp, offered, protection).await
}

/// Accepts a connection like [`accept`], as a build with `versions` does. For tests with peers of
/// other versions.
///
/// # Errors
/// As [`accept`].
pub async fn accept_speaking(
    versions: RangeInclusive<u16>,
    identity: &Identity,
    tcp: TcpStream,
    offered: &[Service],
    protection: Protection,
) -> Result<Connected, ConnectError> {
    let taking = async {
        tcp.set_nodelay(true)?;
        if offered.contains(&Service::Data) {
            enlarge_buffers(&tcp);
        }
        let plain_allowed = plain_allowed(protection, &tcp);
        let acceptor = TlsAcceptor::from(identity.server.clone());
        let mut stream = TlsStream::Server(acceptor.accept(tcp).await?);
        let peer = peer_of(&stream, identity)?;
        let mut bytes = [0; HELLO_BYTES];
        stream.read_exact(&mut bytes).await?;
        let hello = Hello::decode(&bytes)?;
        let plain = plain_allowed && hello.plain_welcome && hello.service == Service::Data;
        let agreed = match refusal(&hello, identity, &peer, offered) {
            Some(refusal) => Err(refusal),
            None => hello.common_version(&versions).ok_or_else(|| no_version(&hello, &versions)),
        };
        let reply = match agreed {
            Ok(version) => HelloReply { verdict: Verdict::Welcome, plain, version, text: String::new() },
            Err((verdict, text)) => HelloReply { verdict, plain: false, version: 0, text },
        };
        stream.write_all(&reply.encode()).await?;
        stream.flush().await?;
        match reply.verdict {
            Verdict::Welcome => Ok(Connected { stream, peer, service: hello.service, version: reply.version, plain }),
            verdict => {
                stream.shutdown().await?;
                Err(ConnectError::Refused { verdict, text: reply.text })
            }
        }
    };
    tokio::time::timeout(HELLO_TIMEOUT, taking).await.map_err(|_| ConnectError::Timeout(HELLO_TIMEOUT))?
}

/// Returns the refusal of a caller that is not admitted, regardless of its version.
fn refusal(hello: &Hello, identity: &Identity, peer: &Principal, offered: &[Service]) -> Option<(Verdict, String)> {
    if hello.cluster != identity.cluster {
        Some((Verdict::Cluster, format!("this is cluster {}, not {}", identity.cluster, hello.cluster)))
    } else if !offered.contains(&hello.service) {
        Some((Verdict::Service, format!("service {:?} is not offered by {}", hello.service, identity.principal)))
    } else if !may_use(Role::of(peer), hello.service) {
        Some((Verdict::Role, format!("{peer} may not use service {:?}", hello.service)))
    } else {
        None
    }
}

/// Returns the refusal of a caller that has no version in common with `versions`.
fn no_version(hello: &Hello, versions: &RangeInclusive<u16>) -> (Verdict, String) {
    let Hello { version_min, version_max, .. } = hello;
    let (from, to) = (versions.start(), versions.end());
    let text = format!("this side speaks protocol versions {from} to {to}, the other {version_min} to {version_max}");
    (Verdict::Version, text)
}

fn peer_of(stream: &TlsStream<TcpStream>, identity: &Identity) -> Result<Principal, ConnectError> {
    let (_, session) = stream.get_ref();
    let certificate = session.peer_certificates().and_then(|chain| chain.first()).ok_or(ConnectError::Nobody)?;
    match principal_of(certificate) {
        Some((cluster, principal)) if cluster == identity.cluster => Ok(principal),
        _ => Err(ConnectError::Nobody),
    }
}

fn plain_allowed(protection: Protection, tcp: &TcpStream) -> bool {
    let loopback = |address: std::io::Result<SocketAddr>| address.is_ok_and(|address| address.ip().is_loopback());
    match protection {
        Protection::Private => false,
        Protection::Integrity => true,
        Protection::Auto => loopback(tcp.local_addr()) && loopback(tcp.peer_addr()),
    }
}

/// The requested size of each socket buffer of a data connection in bytes; the kernel may grant
/// less.
const SOCKET_BUFFER_BYTES: usize = 512 << 10;

fn enlarge_buffers(tcp: &TcpStream) {
    let socket = socket2::SockRef::from(tcp);
    // Smaller buffers only reduce the throughput.
    let _ = socket.set_send_buffer_size(SOCKET_BUFFER_BYTES);
    let _ = socket.set_recv_buffer_size(SOCKET_BUFFER_BYTES);
}

/// Wraps the connection for tarpc.
pub fn framed<In, Out>(stream: TlsStream<TcpStream>) -> Transport<In, Out> {
    Framed::with_capacity(stream, PostcardCodec::default(), 8 << 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::{AlertDescription, CertificateError};

    #[test]
    fn certificates_that_do_not_fit_are_told_in_plain_words() {
        let told = |error: rustls::Error| {
            let error = std::io::Error::new(std::io::ErrorKind::InvalidData, error);
            ConnectError::from(error).into_error("h:1")
        };
        for (error, words) in [
            (rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer), FOREIGN),
            (rustls::Error::AlertReceived(AlertDescription::UnknownCA), FOREIGN),
            (rustls::Error::AlertReceived(AlertDescription::CertificateExpired), EXPIRED),
            (
                rustls::Error::InvalidCertificate(CertificateError::Expired),
                "the certificate of the other end has expired, or the clock of this machine is wrong",
            ),
            (
                rustls::Error::InvalidCertificate(CertificateError::NotValidForName),
                "the other end is another daemon than expected",
            ),
        ] {
            let told = told(error);
            assert_eq!((told.code, told.message), (ErrorCode::Unauthenticated, format!("h:1: connect: {words}")));
        }
        assert!(told(rustls::Error::HandshakeNotComplete).message.contains("handshake"));
    }
}
