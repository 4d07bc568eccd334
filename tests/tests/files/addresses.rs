//! IPv6 addresses and host names in all places where an address is used.

use dfs_tests::process::Process;
use dfs_tests::{Cluster, Spec, content, requirement};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::process::Stdio;

/// Starts a daemon of the cluster that listens on a free port of `host`. Returns the port.
fn start(cluster: &Cluster, id: &str, host: IpAddr, rest: &[&str]) -> (Process, u16) {
    let listen = TcpListener::bind((host, 0)).and_then(|listener| listener.local_addr()).expect("a free port");
    let role = id.split('-').next().expect("a role");
    let mut command = cluster.dfsd_command();
    command.args([role, "--id", id, "--listen", &listen.to_string(), "--data-dir"]);
    command.arg(cluster.home().join("data").join(id));
    command.arg("--credential").arg(cluster.home().join("credentials").join(format!("{id}.pem"))).args(rest);
    let log = std::fs::File::create(cluster.home().join("logs").join(format!("{id}-alone.log"))).expect("make a log");
    command.env("DFS_MASTER_REPLICATION", "1").stdout(Stdio::null()).stderr(log);
    (Process(command.spawn().expect("start a daemon")), listen.port())
}

/// Runs a cluster whose daemons listen on `host`; all clients and datanodes use the master's
/// address `name`.
fn serve(host: IpAddr, name: &str) {
    let cluster = Cluster::start(Spec::default().datanodes(1).replication(1));
    let (local, back) = (cluster.scratch().join("in"), cluster.scratch().join("out"));
    std::fs::write(&local, content::bytes(3, 2_500_000)).expect("write");
    cluster.ok(&["put", local.to_str().expect("UTF-8"), "/before"]);
    cluster.dfsd_ok(&["down"]);
    let (_master, port) = start(&cluster, "master-1", host, &[]);
    let masters = format!("{name}:{port}");
    let (_datanode, served) = start(&cluster, "datanode-1", host, &["--masters", &masters]);
    let credential = cluster.credential();
    let run = |args: &[&str]| {
        let mut command = cluster.shell_command();
        command.env("DFS_MASTERS", &masters).env("DFS_CLIENT_CREDENTIAL", &credential);
        command.args(args).output().expect("run dfs-shell")
    };
    let ok = |args: &[&str]| {
        let output = run(args);
        assert!(output.status.success(), "{args:?}: {output:?}");
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let put = ["put", "-f", local.to_str().expect("UTF-8"), "/f"];
    cluster.wait_for("the cluster to take writes", || run(&put).status.success());
    for path in ["/before", "/f"] {
        ok(&["get", "-f", path, back.to_str().expect("UTF-8")]);
        assert!(std::fs::read(&back).expect("read") == std::fs::read(&local).expect("read"), "{path}");
    }
    let datanode = SocketAddr::new(host, served);
    assert!(ok(&["--json", "nodes"]).contains(&format!("\"address\":\"{datanode}\"")));
    assert!(ok(&["--json", "masters"]).contains("\"leader\":\"master-1\""));
}

#[test]
fn a_cluster_is_reached_by_ipv6_addresses() {
    let host = IpAddr::from(Ipv6Addr::LOCALHOST);
    let obstacle = TcpListener::bind((host, 0)).err().map(|error| format!("no IPv6 loopback: {error}"));
    if requirement::holds("ipv6", obstacle) {
        serve(host, "[::1]");
    }
}

#[test]
fn a_cluster_is_reached_by_the_name_of_its_host() {
    serve(Ipv4Addr::LOCALHOST.into(), "localhost");
}
