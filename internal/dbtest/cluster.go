package dbtest

import (
	"bufio"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// keeper makes a cluster in $2, starts it, says "ready" and waits until its
// standard input ends, which happens when the test process ends, even by
// kill -9. Then it stops the server and removes every file. Durability is
// off: no test pulls the plug on PostgreSQL.
const keeper = `
bin=$1 dir=$2
"$bin/initdb" -D "$dir/data" -U anlan -A trust -E UTF8 --locale=C --no-sync --no-instructions >"$dir/log" 2>&1 || { tail -n 3 "$dir/log"; rm -rf "$dir"; exit 1; }
"$bin/postgres" -D "$dir/data" -k "$dir" -c listen_addresses= -c fsync=off -c synchronous_commit=off -c full_page_writes=off \
	-c max_connections=200 -c shared_buffers=64MB -c max_pred_locks_per_transaction=256 -c autovacuum_naptime=10min >>"$dir/log" 2>&1 </dev/null &
pid=$!
until "$bin/pg_isready" -q -h "$dir"; do
	kill -0 $pid 2>/dev/null || { tail -n 3 "$dir/log"; rm -rf "$dir"; exit 1; }
	sleep 0.05
done
echo ready
cat >/dev/null
kill -QUIT $pid
wait $pid
rm -rf "$dir"
`

// startCluster starts a PostgreSQL of this process's own and returns its URL.
func startCluster() (string, error) {
	bin, err := binaries()
	if err != nil {
		return "", err
	}
	// A socket path may have 107 bytes only, so not below a long TMPDIR.
	dir, err := os.MkdirTemp("/tmp", "anlan-pg-")
	if err != nil {
		return "", err
	}
	cmd := exec.Command("/bin/sh", "-c", keeper, "keeper", bin, dir)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=/usr/bin:/bin", "LC_ALL=C", "HOME=" + dir}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt from the terminal is not for it
	if err := unprivileged(cmd, dir); err != nil {
		os.RemoveAll(dir)
		return "", err
	}
	if err := awaitReady(cmd); err != nil {
		os.RemoveAll(dir)
		return "", fmt.Errorf("throw-away cluster: %w", err)
	}
	return "postgres://anlan@/postgres?host=" + url.QueryEscape(dir), nil
}

func awaitReady(cmd *exec.Cmd) error {
	if err := openForLife(cmd); err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	var said []string
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if lines.Text() == "ready" {
			return nil
		}
		said = append(said, lines.Text())
	}
	cmd.Wait()
	return errors.New(strings.Join(said, " / "))
}

// openForLife gives cmd a standard input that ends when this process does. A
// plain descriptor, because the garbage collector closes an os.File.
func openForLife(cmd *exec.Cmd) error {
	var ends [2]int
	if err := syscall.Pipe2(ends[:], syscall.O_CLOEXEC); err != nil {
		return err
	}
	cmd.Stdin = os.NewFile(uintptr(ends[0]), "keeper")
	return nil
}

// binaries returns the directory of the newest installed server.
func binaries() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	newest, dir := -1, ""
	for _, path := range found {
		version, err := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
		if err == nil && version > newest {
			newest, dir = version, filepath.Dir(path)
		}
	}
	if dir != "" {
		return dir, nil
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	return "", fmt.Errorf("no server in %s and no PostgreSQL installed", PostgresEnv)
}

// unprivileged makes cmd run as another user when we are root, because
// PostgreSQL refuses root, and gives that user dir.
func unprivileged(cmd *exec.Cmd, dir string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		return os.Chown(dir, uid, gid)
	}
	return errors.New("root needs a user named postgres or nobody to run PostgreSQL")
}
