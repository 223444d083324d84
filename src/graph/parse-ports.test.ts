import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePorts } from "./parse-ports.ts";

test("a port, a range, a protocol", () => {
  assert.deepEqual(parsePorts("80"), ["80/tcp"]);
  assert.deepEqual(parsePorts("53/UDP"), ["53/udp"]);
  assert.deepEqual(parsePorts("7000-7002/sctp"), ["7000/sctp", "7001/sctp", "7002/sctp"]);
});

test("address and host port are checked and dropped", () => {
  assert.deepEqual(parsePorts("8080:80"), ["80/tcp"]);
  assert.deepEqual(parsePorts("127.0.0.1:8080:80/tcp"), ["80/tcp"]);
  assert.deepEqual(parsePorts("[::1]:8080:80"), ["80/tcp"]);
});

test("what is no port is refused with docker's words", () => {
  for (const [argument, problem] of [
    ["70000", "invalid containerPort: 70000"],
    ["http", "invalid containerPort: http"],
    ["90-80", "invalid containerPort: 90-80"],
    ["80/icmp", 'invalid port: "80/icmp": invalid proto: icmp'],
    ["x:80", "invalid hostPort: x"],
    ["300.0.0.1:1:80", "invalid IP address: 300.0.0.1"],
  ] as const) {
    assert.throws(() => parsePorts(argument), { name: "Fault", code: "EXPOSE_INVALID", message: problem });
  }
});
