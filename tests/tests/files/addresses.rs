//! Addresses of IPv6 and names of hosts, wherever an address stands.

use dfs_tests::{Cluster, Spec, content};
use std::net::{Ipv6Addr, TcpListener};
use std::process::{Child, Stdio};

/// A daemon in the foreground, which ends with the test.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a daemon of the cluster that listens on a free port of the IPv6 loopback; returns the port.
fn start(cluster: &Cluster, id: &str, rest: &[&str]) -> (Daemon, u16) {
    let port =
        TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr()).expect("bind").port();
    let role = id.split('-').next().expect("a role");
    let data = cluster.daemon(id).data_dir;
    let mut command = cluster.dfsd_command();
    command.args([role, "--id", id, "--listen", &format!("[::1]:{port}"), "--data-dir"]).arg(data);
    command.arg("--credential").arg(cluster.home().join("credentials").join(format!("{id}.pem"))).args(rest);
    let log = std::fs::File::create(cluster.scratch().join(format!("{id}.log"))).expect("make a log");
    command.stdout(Stdio::null()).stderr(log);
    (Daemon(command.spawn().expect("start a daemon")), port)
}

#[test]
fn a_cluster_is_reached_by_ipv6_addresses_and_by_names() {
    let cluster = Cluster::start(Spec::default().datanodes(1).replication(1));
    let (local, back) = (cluster.scratch().join("in"), cluster.scratch().join("out"));
    std::fs::write(&local, content::bytes(3, 2_500_000)).expect("write");
    cluster.ok(&["put", local.to_str().expect("UTF-8"), "/before"]);
    cluster.dfsd_ok(&["down"]);
    let (_master, port) = start(&cluster, "master-1", &[]);
    let by_address = format!("[::1]:{port}");
    let by_name = format!("localhost:{port}");
    let (_datanode, _) = start(&cluster, "datanode-1", &["--masters", &by_address]);
    let credential = cluster.credential();
    for masters in [&by_address, &by_name] {
        let run = |args: &[&str]| {
            let mut command = cluster.shell_command();
            command.env("DFS_MASTERS", masters).env("DFS_CLIENT_CREDENTIAL", &credential);
            let output = command.args(args).output().expect("run dfs-shell");
            (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned(), output)
        };
        cluster.wait_for("the cluster to take writes", || run(&["put", "-f", local.to_str().expect("UTF-8"), "/f"]).0);
        for path in ["/before", "/f"] {
            let (well, _, output) = run(&["get", "-f", path, back.to_str().expect("UTF-8")]);
            assert!(well, "{masters}: {output:?}");
            assert!(std::fs::read(&back).expect("read") == std::fs::read(&local).expect("read"), "{masters}: {path}");
        }
        let (_, nodes, _) = run(&["--json", "nodes"]);
        assert!(nodes.contains("\"address\":\"[::1]:"), "{nodes}");
        let (_, masters_shown, output) = run(&["--json", "masters"]);
        assert!(masters_shown.contains("\"leader\":\"master-1\""), "{output:?}");
    }
}
