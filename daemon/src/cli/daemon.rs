//! Runs one daemon: in the foreground, or in the background as a part of a local cluster.

#![expect(clippy::disallowed_methods, reason = "credentials are read and addresses looked up here")]

use super::Context;
use super::args::{Background, DatanodeArgs, MasterArgs};
use super::failure::Failure;
use crate::local::run_file::{ProcessKey, RunFile};
use crate::local::{DaemonId, Layout};
use crate::{datanode, logging, master};
use anyhow::Context as _;
use dfs_rpc::tls::Identity;
use dfs_types::{DatanodeId, ErrorCode, MasterId, Principal};
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use tokio_util::sync::CancellationToken;

type Ready = Box<dyn FnOnce(SocketAddr) + Send>;

pub(super) fn master(context: &Context, args: &MasterArgs) -> Result<(), Failure> {
    let settings = context.loaded.settings.master.clone();
    let identity = identity(settings.credential.as_deref(), "master")?;
    let id = match (&identity.principal, args.id) {
        (Principal::Master(id), None) => *id,
        (Principal::Master(id), Some(asked)) if *id == asked => asked,
        (other, asked) => {
            let wanted = asked.map_or("a master".to_owned(), |id: MasterId| id.to_string());
            return Err(wrong_credential(settings.credential.as_deref(), other, &wanted));
        }
    };
    let id_text = DaemonId::Master(id);
    let data_dir = settings.data_dir.clone().unwrap_or_else(|| context.directories.data.join(id_text.to_string()));
    let listen = resolve("master.listen", &settings.listen)?;
    let superuser = args.superuser.clone();
    in_process(context, &args.background, id_text, |on_ready, stop| {
        master::run(master::MasterOptions { id, identity, data_dir, listen, settings, superuser, on_ready }, stop)
    })
}

pub(super) fn datanode(context: &Context, args: &DatanodeArgs) -> Result<(), Failure> {
    let settings = context.loaded.settings.datanode.clone();
    let identity = identity(settings.credential.as_deref(), "datanode")?;
    let id = match (&identity.principal, args.id) {
        (Principal::Datanode(id), None) => *id,
        (Principal::Datanode(id), Some(asked)) if *id == asked => asked,
        (other, asked) => {
            let wanted = asked.map_or("a datanode".to_owned(), |id: DatanodeId| id.to_string());
            return Err(wrong_credential(settings.credential.as_deref(), other, &wanted));
        }
    };
    let id_text = DaemonId::Datanode(id);
    let record = args.record.clone().unwrap_or_else(|| Layout::new(&context.directories).directories(id_text));
    let default_dir = || vec![context.directories.data.join(id_text.to_string())];
    let data_dirs: Vec<PathBuf> =
        if settings.data_dirs.is_empty() { default_dir() } else { settings.data_dirs.clone() };
    let listen = resolve("datanode.listen", &settings.listen)?;
    if settings.masters.is_empty() {
        let failure = Failure::new(ErrorCode::Usage, "the addresses of the masters are missing");
        return Err(failure.hint("use --masters HOST:PORT, or set datanode.masters"));
    }
    let masters =
        settings.masters.iter().map(|master| resolve("datanode.masters", master)).collect::<Result<_, _>>()?;
    in_process(context, &args.background, id_text, |on_ready, stop| {
        let options = datanode::DatanodeOptions {
            id,
            identity,
            data_dirs,
            record: Some(record),
            accept_empty: args.accept_empty,
            listen,
            masters,
            settings,
            on_ready,
        };
        datanode::run(options, stop)
    })
}

fn identity(credential: Option<&Path>, section: &str) -> Result<Identity, Failure> {
    let Some(path) = credential else {
        let failure = Failure::new(ErrorCode::Unauthenticated, format!("a {section} needs a credential"));
        return Err(
            failure.hint(format!("use --credential FILE, or set {section}.credential; dfsd up does all of this"))
        );
    };
    let unusable =
        |code, error: String| Failure::new(code, format!("credential {}: {error}", path.display())).hint(ANEW);
    let pem = std::fs::read(path).map_err(|error| unusable(ErrorCode::LocalIo, error.to_string()))?;
    Identity::from_pem(&pem).map_err(|error| unusable(ErrorCode::Unauthenticated, error.to_string()))
}

/// The hint for replacing a credential.
const ANEW: &str =
    "restore it from a backup, or have it issued again: in a local cluster, remove it and run dfsd start ID";

fn wrong_credential(credential: Option<&Path>, found: &Principal, wanted: &str) -> Failure {
    let shown = credential.unwrap_or(Path::new("")).display();
    let what = format!("credential {shown}: it belongs to {found}, not to {wanted}");
    Failure::new(ErrorCode::Unauthenticated, what).hint(ANEW)
}

fn resolve(key: &str, address: &str) -> Result<SocketAddr, Failure> {
    let wrong = |what: String| Failure::new(ErrorCode::Usage, format!("{key}: {address}: {what}"));
    let mut found = address.to_socket_addrs().map_err(|error| wrong(error.to_string()))?;
    found.next().ok_or_else(|| wrong("no such host".to_owned()))
}

/// Runs a daemon with its log and signals, and in the background with its run file.
fn in_process(
    context: &Context,
    background: &Background,
    id: DaemonId,
    run: impl FnOnce(Ready, CancellationToken) -> anyhow::Result<()>,
) -> Result<(), Failure> {
    if background.run_file.is_some() {
        // In a session of its own it receives no hang-up or interrupt of a terminal.
        let _ = rustix::process::setsid();
    }
    logging::start(&context.loaded.settings.log, background.log_file.as_deref()).context("start logging")?;
    crate::descriptors::raise_limit();
    let run_file = background.run_file.clone().map(|path| OwnRunFile::write(path, id)).transpose()?;
    let stop = stop_on_signals(id)?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), pid = std::process::id(), "{id} starts");
    let ready = run_file.as_ref().map(OwnRunFile::announcer);
    let on_ready: Ready = Box::new(move |address| {
        tracing::info!("{id} listens on {address}");
        if let Some(announce) = ready {
            announce(address);
        }
    });
    let ended = run(on_ready, stop);
    match ended {
        Ok(()) => {
            tracing::info!("{id} ended");
            if let Some(run_file) = run_file {
                run_file.remove();
            }
            Ok(())
        }
        Err(error) => {
            tracing::error!("{id} failed: {error:#}");
            let failure = Failure::from(error);
            // The error is in the log already, and in the background standard error leads there
            // too.
            Err(if background.log_file.is_some() { failure.silent() } else { failure })
        }
    }
}

/// The run file of this process. If it is left behind, the daemon did not end cleanly.
struct OwnRunFile {
    path: PathBuf,
    process: ProcessKey,
}

impl OwnRunFile {
    fn write(path: PathBuf, id: DaemonId) -> Result<Self, Failure> {
        let process = ProcessKey::of(std::process::id()).with_context(|| format!("{id}: read own process"))?;
        RunFile { process: process.clone(), address: None }.write(&path).context("write run file")?;
        Ok(Self { path, process })
    }

    fn remove(self) {
        let _ = std::fs::remove_file(&self.path);
    }

    /// Returns a function that writes the address, once it is known.
    fn announcer(&self) -> impl FnOnce(SocketAddr) + Send + 'static {
        let (path, process) = (self.path.clone(), self.process.clone());
        move |address| {
            if let Err(error) = (RunFile { process, address: Some(address) }).write(&path) {
                tracing::error!("write run file: {error}");
            }
        }
    }
}

/// Returns a token that SIGTERM or SIGINT cancels. A second signal ends the process immediately.
fn stop_on_signals(id: DaemonId) -> Result<CancellationToken, Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let stop = CancellationToken::new();
    let token = stop.clone();
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().context("start an async runtime")?;
    let (mut term, mut interrupt) = {
        let _inside = runtime.enter();
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?)
    };
    let listen = async move {
        loop {
            tokio::select! { _ = term.recv() => {}, _ = interrupt.recv() => {} }
            if token.is_cancelled() {
                tracing::warn!("{id} received a second signal to stop, and ends immediately");
                std::process::exit(130);
            }
            tracing::info!("{id} received a signal to stop");
            token.cancel();
        }
    };
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || runtime.block_on(listen))
        .context("start thread")?;
    Ok(stop)
}
