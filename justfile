# What developers run. `just verify` reads only, `just fix` writes.

verify:
    .ci/run

fix:
    cargo fmt --all
    cargo clippy --workspace --all-targets --fix --allow-dirty

# Writes the pages of docs/ that are made from tables in the code, and the tour, which is run.
docs:
    UPDATE_DOCS=1 cargo test --quiet -p dfs-shell -p dfs-config --lib
    UPDATE_DOCS=1 cargo test --quiet -p dfs-tests --test console tour::

# Writes docs/pictures: what a terminal shows of the dashboard on a real cluster.
pictures:
    cargo build --release -p dfs-tests --bins
    cargo run --release -p dfs-tests --example pictures

# The long form of the tests that are short in `just verify`. Prints its seed; DFS_TEST_SEED repeats one.
soak rounds="500":
    DFS_TEST_ROUNDS={{rounds}} cargo test --release -p dfs-tests --test faults durability:: -- --nocapture
    DFS_TEST_CUTS="${DFS_TEST_CUTS:-200}" cargo test --release -p dfs-tests --test power -- --nocapture acknowledged_work_survives_power_cuts
    DFS_TEST_ROUNDS=50 cargo test --release -p dfs-tests --test faults uninterrupted:: -- --nocapture --test-threads 1
    DFS_TEST_DAMAGES="${DFS_TEST_DAMAGES:-2000}" cargo test --release -p dfs-tests --test disks rot:: -- --nocapture --test-threads 1
    DFS_TEST_FILE=1GiB cargo test --release -p dfs-tests --test faults failover:: -- --nocapture --test-threads 1

# Power cuts on other file systems, for information: xfs needs mkfs.xfs; ext4 without a journal is expected to lose files.
power filesystem="without_a_journal" cuts="200":
    DFS_TEST_CUTS={{cuts}} cargo test --release -p dfs-tests --test power -- --nocapture --ignored {{filesystem}}

# Daemons with planted bugs: the tests of power cuts and of rot must find each. They never come into another build: the feature is off
# everywhere else, and this one has a directory of its own.
planted cuts="100":
    DFS_TEST_CUTS={{cuts}} cargo test -p dfs-tests --features planted-bugs --target-dir target/planted --test power --test disks -- --nocapture --test-threads 1 planted

# Every decoder against arbitrary bytes, each for so many seconds; needs a C++ compiler.
fuzz seconds="10":
    DFS_FUZZ_SECONDS="${DFS_FUZZ_SECONDS:-{{seconds}}}" fuzz/run

# Every figure of docs/performance.md.
bench:
    docs/bench/run
    cargo bench -p dfs-rpc -p dfs-logic -p dfs-tui -p dfs-daemon

# Rates of put and get beside 2,000 silent callers and 500 new ones a second, and without them, in turn.
strangers rounds="5":
    cargo run --release -p dfs-tests --example strangers -- {{rounds}}

# Descriptors that a datanode holds at rest, with more and more chunks: 8 KiB of disk and two inodes for each chunk.
chunks count="1000000" step="250000":
    cargo run --release -p dfs-tests --example chunks -- {{count}} {{step}}
