//! Identities and trust: both ends of every connection present a certificate of the cluster's
//! authority.
//!
//! A credential is one PEM file of three parts: the own certificate, the authority's certificate,
//! the own private key. The URI in the alternative names of the certificate is the identity
//! ([`Principal::to_uri`]); its DNS names are those that callers expect of a server:
//! [`MASTER_NAME`], [`datanode_name`].

use dfs_types::{ClusterId, DatanodeId, Principal};
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use std::sync::Arc;
use std::time::Duration;

/// The DNS name in the certificate of every master.
pub const MASTER_NAME: &str = "master.dfs.internal";

/// Returns the DNS name in the certificate of a datanode.
pub fn datanode_name(id: DatanodeId) -> String {
    format!("{id}.dfs.internal")
}

/// The reason why a credential cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    #[error("it holds {0} certificates; it must hold the own one, then the authority's")]
    Certificates(usize),
    #[error("it is not valid PEM: {0}")]
    Pem(String),
    #[error("its certificate does not name a dfs principal")]
    Nobody,
    #[error("its parts do not match: {0}")]
    Tls(#[from] rustls::Error),
}

/// A verified identity, ready to open and accept connections. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Identity {
    pub cluster: ClusterId,
    pub principal: Principal,
    pub(crate) client: Arc<rustls::ClientConfig>,
    pub(crate) server: Arc<rustls::ServerConfig>,
}

impl Identity {
    /// Parses a credential.
    ///
    /// # Errors
    /// Returns an error if it is not PEM of the three parts, or if they do not match.
    pub fn from_pem(pem: &[u8]) -> Result<Self, CredentialError> {
        let bad = |error: rustls::pki_types::pem::Error| CredentialError::Pem(error.to_string());
        let certificates = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>().map_err(bad)?;
        let key = PrivateKeyDer::from_pem_slice(pem).map_err(bad)?;
        let count = certificates.len();
        let [own, authority] = <[_; 2]>::try_from(certificates).map_err(|_| CredentialError::Certificates(count))?;
        let (cluster, principal) = principal_of(&own).ok_or(CredentialError::Nobody)?;
        let mut roots = RootCertStore::empty();
        roots.add(authority)?;
        let (client, server) = configs(own, key, Arc::new(roots))?;
        Ok(Self { cluster, principal, client: Arc::new(client), server: Arc::new(server) })
    }
}

fn configs(
    own: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
    roots: Arc<RootCertStore>,
) -> Result<(rustls::ClientConfig, rustls::ServerConfig), rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = rustls::ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(roots.clone())
        .with_client_auth_cert(vec![own.clone()], key.clone_key())?;
    let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider.clone())
        .build()
        .map_err(|error| rustls::Error::General(error.to_string()))?;
    let mut server = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![own], key)?;
    // The server must not send anything unrequested after the handshake: a data connection may
    // continue unencrypted after the hello.
    server.send_tls13_tickets = 0;
    Ok((client, server))
}

/// Returns true if the certificate of a credential is valid at a time, given as time since 1970:
/// signed by the authority in the credential, begun, and not expired.
///
/// # Errors
/// Returns an error if it is not a credential.
pub fn valid_at(pem: &[u8], at: Duration) -> Result<bool, CredentialError> {
    let bad = |error: rustls::pki_types::pem::Error| CredentialError::Pem(error.to_string());
    let certificates = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>().map_err(bad)?;
    let count = certificates.len();
    let [own, authority] = <[_; 2]>::try_from(certificates).map_err(|_| CredentialError::Certificates(count))?;
    let anchor = webpki::anchor_from_trusted_cert(&authority).map_err(|_| CredentialError::Nobody)?;
    let own = webpki::EndEntityCert::try_from(&own).map_err(|_| CredentialError::Nobody)?;
    let (algorithms, usage) = (webpki::ALL_VERIFICATION_ALGS, webpki::KeyUsage::client_auth());
    let time = UnixTime::since_unix_epoch(at);
    Ok(own.verify_for_usage(algorithms, &[anchor], &[], time, usage, None, None).is_ok())
}

/// Returns the principal that a certificate names. Only for certificates whose signature was
/// verified, as after a completed handshake.
pub fn principal_of(certificate: &CertificateDer<'_>) -> Option<(ClusterId, Principal)> {
    let certificate = webpki::EndEntityCert::try_from(certificate).ok()?;
    let mut uris = certificate.valid_uri_names();
    let principal = Principal::from_uri(uris.next()?);
    if uris.next().is_some() { None } else { principal }
}

/// The name that a caller expects in the certificate of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    AnyMaster,
    Datanode(DatanodeId),
}

impl Expected {
    pub(crate) fn server_name(self) -> ServerName<'static> {
        let name = match self {
            Self::AnyMaster => MASTER_NAME.to_owned(),
            Self::Datanode(id) => datanode_name(id),
        };
        // The name has only letters, digits, dots and a hyphen, so it is always a valid DNS name.
        ServerName::try_from(name).unwrap_or_else(|_| ServerName::IpAddress(std::net::Ipv4Addr::UNSPECIFIED.into()))
    }
}
