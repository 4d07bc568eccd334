//! The certificate authority of the cluster.
//!
//! It is created once, with the cluster, and issues every credential: to masters, datanodes and
//! users. Keys are ECDSA P-256, which every TLS library supports. The authority and the credentials
//! are valid for ten years from the day of their creation: this version renews none of them
//! automatically, and a cluster that locks its owner out is worse than a long-lived credential.
//!
//! | certificate of | may act as | alternative names |
//! |---|---|---|
//! | a user | client | `dfs://CLUSTER/user/NAME` |
//! | a datanode | client and server | `dfs://CLUSTER/datanode/N`, [`datanode_name`] |
//! | a master | client and server | `dfs://CLUSTER/master/N`, [`MASTER_NAME`] |
//! | the authority | nothing but issuing | `dfs://CLUSTER/authority` |

use crate::random;
use dfs_rpc::tls::{MASTER_NAME, datanode_name};
use dfs_types::{ClusterId, Principal};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SanType,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::time::{Duration, SystemTime};

/// The validity of the authority and of its certificates.
pub const VALIDITY: Duration = Duration::from_secs(10 * 365 * 24 * 3600);
/// Certificates are backdated by this span, for machines whose clocks are slow.
const BACKDATED: Duration = Duration::from_secs(24 * 3600);

/// The errors of an authority.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    #[error("create certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    #[error("read authority: {0}")]
    Pem(#[from] rustls::pki_types::pem::Error),
    #[error("read authority: its certificate is not that of a dfs authority")]
    NotAuthority,
    #[error("the system provides no random bytes")]
    Random,
}

/// A certificate authority with its private key.
pub struct Authority {
    cluster: ClusterId,
    certificate: String,
    issuer: Issuer<'static, KeyPair>,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Authority {{ cluster: {} }}", self.cluster)
    }
}

/// Draws the id of a new cluster.
///
/// # Errors
/// Returns an error if the system provides no random bytes.
pub fn draw_cluster_id() -> Result<ClusterId, AuthorityError> {
    random::secret().map(ClusterId).map_err(|_| AuthorityError::Random)
}

fn authority_uri(cluster: ClusterId) -> String {
    format!("dfs://{cluster}/authority")
}

fn authority_params(cluster: ClusterId) -> Result<CertificateParams, AuthorityError> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, format!("dfs authority {cluster}"));
    params.subject_alt_names = vec![SanType::URI(authority_uri(cluster).try_into()?)];
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

fn valid_from(params: &mut CertificateParams, now: SystemTime) {
    params.not_before = (now - BACKDATED).into();
    params.not_after = (now + VALIDITY).into();
}

impl Authority {
    /// Makes a new authority with a new key.
    ///
    /// # Errors
    /// Returns an error if no key can be made.
    pub fn create(cluster: ClusterId, now: SystemTime) -> Result<Self, AuthorityError> {
        let key = KeyPair::generate()?;
        let mut params = authority_params(cluster)?;
        valid_from(&mut params, now);
        let certificate = params.self_signed(&key)?.pem();
        Ok(Self { cluster, certificate, issuer: Issuer::new(params, key) })
    }

    /// Reads the output of [`Authority::to_pem`].
    ///
    /// # Errors
    /// Returns an error if it is not the PEM of an authority's certificate and its key.
    pub fn from_pem(pem: &[u8]) -> Result<Self, AuthorityError> {
        let der = CertificateDer::from_pem_slice(pem)?;
        let key = KeyPair::try_from(&PrivateKeyDer::from_pem_slice(pem)?)?;
        let parsed = webpki::EndEntityCert::try_from(&der).map_err(|_| AuthorityError::NotAuthority)?;
        let uri = parsed.valid_uri_names().next().ok_or(AuthorityError::NotAuthority)?;
        let cluster = uri.strip_prefix("dfs://").and_then(|rest| rest.strip_suffix("/authority"));
        let cluster = cluster.and_then(|id| id.parse().ok()).ok_or(AuthorityError::NotAuthority)?;
        let text = String::from_utf8_lossy(pem);
        let end = "-----END CERTIFICATE-----";
        let length = text.find(end).ok_or(AuthorityError::NotAuthority)? + end.len();
        let certificate = format!("{}\n", text[..length].trim_start());
        Ok(Self { cluster, certificate, issuer: Issuer::new(authority_params(cluster)?, key) })
    }

    /// Returns the certificate and the private key as PEM: a secret.
    pub fn to_pem(&self) -> String {
        format!("{}{}", self.certificate, self.issuer.key().serialize_pem())
    }

    /// Returns the cluster of the authority.
    pub fn cluster(&self) -> ClusterId {
        self.cluster
    }

    /// Issues a credential with a new key, in the form that
    /// [`Identity::from_pem`](dfs_rpc::tls::Identity::from_pem) reads: a secret.
    ///
    /// # Errors
    /// Returns an error if no key can be made.
    pub fn issue(&self, principal: &Principal, now: SystemTime) -> Result<String, AuthorityError> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, principal.to_string());
        params.subject_alt_names = alternative_names(principal, self.cluster)?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        if !matches!(principal, Principal::User(_)) {
            params.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth);
        }
        params.is_ca = IsCa::ExplicitNoCa;
        params.use_authority_key_identifier_extension = true;
        valid_from(&mut params, now);
        let own = params.signed_by(&key, &self.issuer)?.pem();
        Ok(format!("{own}{}{}", self.certificate, key.serialize_pem()))
    }
}

fn alternative_names(principal: &Principal, cluster: ClusterId) -> Result<Vec<SanType>, AuthorityError> {
    let mut names = vec![SanType::URI(principal.to_uri(cluster).try_into()?)];
    match principal {
        Principal::User(_) => {}
        Principal::Master(_) => names.push(SanType::DnsName(MASTER_NAME.try_into()?)),
        Principal::Datanode(id) => names.push(SanType::DnsName(datanode_name(*id).try_into()?)),
    }
    Ok(names)
}

#[cfg(test)]
mod tests;
