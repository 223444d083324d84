# Runs a command on a machine whose default gateway is its name server, as behind many routers: `unshare --net --mount sh resolving-gateway.sh NODE RESOLV COMMAND…`.
# This network namespace is the router, 192.168.122.1, which knows each name as 192.0.2.7; the machine is a namespace below it, and says "from the machine" on port 8081
# of its loopback. RESOLV is an empty file.
set -eu
node=$1 resolv=$2
shift 2
mount --make-rprivate /
echo nameserver 192.168.122.1 >"$resolv"
mount --bind "$resolv" /etc/resolv.conf
ip link set lo up
unshare --net sleep 60 & machine=$!
until [ "$(readlink /proc/$machine/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
ip link add router0 type veth peer name eth0 netns $machine
ip addr add 192.168.122.1/24 dev router0
ip link set router0 up
nsenter --net=/proc/$machine/ns/net sh -ec 'ip link set lo up; ip addr add 192.168.122.50/24 dev eth0; ip link set eth0 up; ip route add default via 192.168.122.1'
"$node" -e '
const socket = require("node:dgram").createSocket("udp4");
socket.on("message", (question, { port, address }) => {
  const known = question.at(-3) === 1;
  const answer = known ? Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 7]) : Buffer.alloc(0);
  socket.send(Buffer.concat([question.subarray(0, 2), Buffer.from([0x81, 0x80, 0, 1, 0, known ? 1 : 0, 0, 0, 0, 0]), question.subarray(12), answer]), port, address);
}).bind(53, "192.168.122.1");' & names=$!
nsenter --net=/proc/$machine/ns/net "$node" -e 'require("node:http").createServer((_, response) => response.end("from the machine\n")).listen(8081, "127.0.0.1")' & pages=$!
trap 'kill $machine $names $pages' EXIT
until nsenter --net=/proc/$machine/ns/net "$node" -e 'fetch("http://127.0.0.1:8081").then(() => process.exit(0), () => process.exit(1))'; do sleep 0.1; done
nsenter --net=/proc/$machine/ns/net "$@"
