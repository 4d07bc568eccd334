#!/usr/bin/env bash
# lftp 4.9.2 (Debian 4.9.2-2+b1), against pyftpdlib 2.0.1 on the loopback interface, Python 3.11, Debian 12.
#
# `put -c FILE` continues an interrupted upload. If the remote file is LONGER than the local one, it cannot be what an
# interrupted upload of it has left. One would guess an error, or a transfer of the whole file. What happens: lftp sends
# nothing (the server sees no STOR), prints nothing and exits with 0, as after a complete upload; the remote file keeps
# its 300 bytes of something else. `mirror -R -c` of the same directory does transfer the file.
# If the remote file is shorter, its bytes are not compared either: the end of the local file is appended to whatever is
# there. A script that retries with `put -c` and trusts the exit code can so believe in an upload that never was.
#
# dfs: an uploaded file appears whole or not at all, so there is no rest that could be taken for a part; `put -r -u`
# sends again whatever differs in length or time, and `get -c` compares checksums of what is there before it goes on.
#
# Needs a Debian with apt-get, Python and a package index. Fails if the behaviour changes.
set -euo pipefail
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$work"' EXIT
cd "$work"
apt-get -qq -o APT::Sandbox::User=root download lftp=4.9.2-2+b1
dpkg -x lftp_4.9.2-2+b1_*.deb lftp
python3 -m venv venv
venv/bin/pip -q install pyftpdlib==2.0.1

cat > server.py <<'PY'
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import FTPServer

FTPHandler.authorizer = DummyAuthorizer()
FTPHandler.authorizer.add_user("user", "password", "remote", perm="elradfmwMT")
server = FTPServer(("127.0.0.1", 0), FTPHandler)
print(server.address[1], flush=True)
server.serve_forever()
PY
mkdir local remote home
venv/bin/python server.py > port 2> log &
server=$!
until [ -s port ]; do sleep 0.1; done

lftp() { # COMMAND: prints the exit code
    local code=0
    HOME="$work/home" "$work/lftp/usr/bin/lftp" -c \
        "set net:max-retries 1; open -u user,password -p $(cat port) 127.0.0.1; $1" || code=$?
    echo "$code"
}
fill() { head -c "$1" /dev/zero | tr '\0' "$2"; } # BYTES LETTER
expect() { # WHAT FOUND EXPECTED
    echo "$1: $2"
    [ "$2" = "$3" ] || { echo "expected: $3"; exit 1; }
}

fill 100 L > local/file
fill 300 R > remote/file
expect "put -c onto a longer file, exit code" "$(lftp 'put -c local/file')" 0
expect "bytes of the remote file" "$(stat -c %s remote/file) of $(head -c 1 remote/file)" "300 of R"
expect "uploads that the server saw" "$(grep -c STOR log || true)" 0
expect "mirror -R -c, exit code" "$(lftp 'mirror -R -c local /')" 0
expect "bytes of the remote file" "$(stat -c %s remote/file) of $(head -c 1 remote/file)" "100 of L"

fill 200 L > local/file
fill 100 R > remote/file
expect "put -c onto a shorter file of other bytes, exit code" "$(lftp 'put -c local/file')" 0
expect "the remote file around its old end" "$(cut -c 97-104 remote/file)" RRRRLLLL
