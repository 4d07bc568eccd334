//! Measures the cost of dashboards for a master: a real master in this process, with simulated
//! datanodes that send heartbeats over real connections, and simulated dashboards that ask once a
//! second.
//!
//! `views DIRECTORY [DATANODES=5000] [SECONDS=15]` prints the CPU time of the master's own threads
//! without dashboards, with one, and with fifty. The limit of open files must be at least twice the
//! number of datanodes.

// An example may panic, and works with files, clocks and sockets.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::disallowed_methods)]

use anyhow::{Context as _, Result};
use dfs_config::MasterSettings;
use dfs_daemon::authority::{Authority, draw_cluster_id};
use dfs_daemon::master::{MasterOptions, run};
use dfs_rpc::hello::Service;
use dfs_rpc::services::{NodeServiceClient, UserClient};
use dfs_rpc::tls::{Expected, Identity};
use dfs_rpc::transport::{self, Connected};
use dfs_rpc::view::ClusterView;
use dfs_rpc::wire::{DirectoryLoad, Heartbeat, NodeLoad, Register, ReportPage};
use dfs_types::{DatanodeId, MasterId, Principal, Protection};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};
use tokio_util::sync::CancellationToken;

// The same allocator as in the programs.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const HEARTBEAT: Duration = Duration::from_secs(3);
const ASK_EVERY: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(60);
/// The maximum number of datanodes that register at the same time.
const COMING_MAX: usize = 100;
/// The names of the master's threads begin with these.
const THREADS: [&str; 3] = ["the-master", "raft", "serve-"];

struct Setup {
    authority: Authority,
    master: SocketAddr,
    stop: CancellationToken,
    /// The number of bytes of answers, and of answers.
    answered: [AtomicU64; 2],
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let directory = arguments.first().context("usage: views DIRECTORY [DATANODES] [SECONDS]")?;
    let datanodes: u16 = arguments.get(1).map_or(Ok(5_000), |text| text.parse())?;
    let seconds: u64 = arguments.get(2).map_or(Ok(15), |text| text.parse())?;
    let authority = Authority::create(draw_cluster_id()?, SystemTime::now())?;
    let stop = CancellationToken::new();
    let (master, thread) = start_master(&authority, Path::new(directory), stop.clone())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let setup = Arc::new(Setup { authority, master, stop: stop.clone(), answered: Default::default() });
    runtime.block_on(measure(setup, datanodes, Duration::from_secs(seconds)))?;
    stop.cancel();
    runtime.shutdown_timeout(PATIENCE);
    thread.join().map_err(|_| anyhow::anyhow!("the master panicked"))?
}

type Running = std::thread::JoinHandle<Result<()>>;

fn start_master(authority: &Authority, directory: &Path, stop: CancellationToken) -> Result<(SocketAddr, Running)> {
    let (ready, started) = std::sync::mpsc::channel();
    let id = MasterId(1);
    let options = MasterOptions {
        id,
        identity: identity(authority, &Principal::Master(id))?,
        data_dir: directory.join("master"),
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        settings: MasterSettings { connections_max: 20_000, heartbeat: HEARTBEAT, ..MasterSettings::default() },
        superuser: Some("ann".to_owned()),
        on_ready: Box::new(move |address| {
            let _ = ready.send(address);
        }),
    };
    let thread = std::thread::Builder::new().name(THREADS[0].to_owned()).spawn(move || run(options, stop))?;
    Ok((started.recv().context("the master did not start")?, thread))
}

fn identity(authority: &Authority, principal: &Principal) -> Result<Identity> {
    let pem = authority.issue(principal, SystemTime::now())?;
    Identity::from_pem(pem.as_bytes()).map_err(|error| anyhow::anyhow!("{error}"))
}

/// Returns the CPU time of the master's threads since their start.
fn cpu() -> Result<Duration> {
    let mut total = 0;
    for task in std::fs::read_dir("/proc/self/task")? {
        let directory = task?.path();
        // A thread may end meanwhile.
        let Ok(name) = std::fs::read_to_string(directory.join("comm")) else { continue };
        if THREADS.iter().any(|thread| name.starts_with(thread)) {
            let times = std::fs::read_to_string(directory.join("schedstat"))?;
            total += times.split(' ').next().unwrap_or_default().parse::<u64>()?;
        }
    }
    Ok(Duration::from_nanos(total))
}

async fn measure(setup: Arc<Setup>, datanodes: u16, span: Duration) -> Result<()> {
    let coming = Arc::new(tokio::sync::Semaphore::new(COMING_MAX));
    let came = Arc::new(AtomicU64::new(0));
    for id in 1..=datanodes {
        let permit = coming.clone().acquire_owned().await?;
        let (setup, came) = (setup.clone(), came.clone());
        tokio::spawn(async move {
            if let Err(error) = datanode(&setup, DatanodeId(id), permit, &came).await {
                eprintln!("datanode {id}: {error:#}");
            }
        });
    }
    while came.load(Ordering::Relaxed) < u64::from(datanodes) {
        tokio::time::sleep(ASK_EVERY).await;
    }
    println!("{datanodes} datanodes");
    let mut without = 0.0;
    for (more, dashboards) in [(0, 0), (1, 1), (49, 50)] {
        for _ in 0..more {
            tokio::spawn(dashboard(setup.clone()));
        }
        // The first, full views are not measured.
        tokio::time::sleep(3 * ASK_EVERY).await;
        let [bytes, answers] = [0, 1].map(|which: usize| setup.answered[which].load(Ordering::Relaxed));
        let (began, before) = (Instant::now(), cpu()?);
        tokio::time::sleep(span).await;
        let percent = (cpu()? - before).as_secs_f64() * 100.0 / began.elapsed().as_secs_f64();
        if dashboards == 0 {
            without = percent;
        }
        let bytes = setup.answered[0].load(Ordering::Relaxed) - bytes;
        let answers = setup.answered[1].load(Ordering::Relaxed) - answers;
        println!(
            "{dashboards:>3} dashboards: {percent:.2} % of a core, {:.2} % more than none; {answers} answers of {} bytes",
            percent - without,
            bytes.checked_div(answers).unwrap_or(0)
        );
    }
    Ok(())
}

async fn connect(setup: &Setup, who: &Principal, service: Service) -> Result<Connected> {
    let identity = identity(&setup.authority, who)?;
    let (master, protection) = (setup.master, Protection::Private);
    Ok(transport::connect(&identity, master, Expected::AnyMaster, service, protection, PATIENCE).await?)
}

fn context() -> tarpc::context::Context {
    let mut context = tarpc::context::current();
    context.deadline = Instant::now() + PATIENCE;
    context
}

fn load(id: DatanodeId, beats: u64) -> NodeLoad {
    let directory = |number: u64| {
        // The figures of all disks differ: repeated figures would compress too well.
        let disk = (u64::from(id.0) * 4 + number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let used = (8 << 40) + (disk >> 24) + (beats << 12);
        let free = (16 << 40) - used;
        DirectoryLoad {
            path: format!("/data/{number}"),
            capacity: 16 << 40,
            used,
            free,
            failed: false,
            reason: None,
            disk,
            disk_free: free,
        }
    };
    NodeLoad {
        directories: (0..4).map(directory).collect(),
        bytes_read: beats << 30,
        reads: beats << 9,
        ..NodeLoad::default()
    }
}

async fn datanode(
    setup: &Setup,
    id: DatanodeId,
    permit: tokio::sync::OwnedSemaphorePermit,
    came: &AtomicU64,
) -> Result<()> {
    let connected = connect(setup, &Principal::Datanode(id), Service::Node).await?;
    let client = NodeServiceClient::new(tarpc::client::Config::default(), transport::framed(connected.stream)).spawn();
    let address = SocketAddr::from(([127, 0, 0, 1], 7_000));
    let register = Register { boot: 1, address, load: load(id, 0), version: "0.1.0".into() };
    client.register(context(), register).await?.map_err(dfs_types::Error::from)?;
    let page = ReportPage { boot: 1, first: true, last: true, chunks: Vec::new() };
    client.chunk_report(context(), page).await?.map_err(dfs_types::Error::from)?;
    came.fetch_add(1, Ordering::Relaxed);
    drop(permit);
    // The datanodes start at different moments.
    tokio::time::sleep(HEARTBEAT.mul_f64(fastrand::f64())).await;
    let mut ticks = tokio::time::interval(HEARTBEAT);
    for beats in 1.. {
        tokio::select! {
            () = setup.stop.cancelled() => break,
            _ = ticks.tick() => {}
        }
        let heartbeat = Heartbeat::new(1, load(id, beats));
        client.heartbeat(context(), heartbeat).await?.map_err(dfs_types::Error::from)?;
    }
    Ok(())
}

async fn dashboard(setup: Arc<Setup>) -> Result<()> {
    let connected = connect(&setup, &Principal::User("ann".into()), Service::Client).await?;
    let client = UserClient::new(connected).spawn();
    tokio::time::sleep(ASK_EVERY.mul_f64(fastrand::f64())).await;
    let mut ticks = tokio::time::interval(ASK_EVERY);
    let mut since = None;
    while !setup.stop.is_cancelled() {
        ticks.tick().await;
        let encoded = client.cluster.view(context(), since).await?.map_err(dfs_types::Error::from)?;
        since = Some(ClusterView::decode(&encoded)?.version);
        setup.answered[0].fetch_add(encoded.len() as u64, Ordering::Relaxed);
        setup.answered[1].fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}
