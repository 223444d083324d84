import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "../../std/fault.ts";
import { exposedPorts, portRequests, publishAll } from "./port-requests.ts";

test("ports are published as docker's words say", () => {
  const tcp = { address: "", protocol: "tcp" };
  assert.deepEqual(portRequests(["8080:80"]), [{ ...tcp, host: 8080, container: 80 }]);
  assert.deepEqual(portRequests(["80"]), [{ ...tcp, host: 0, container: 80 }]);
  assert.deepEqual(portRequests(["127.0.0.1::80/UDP"]), [{ address: "127.0.0.1", host: 0, container: 80, protocol: "udp" }]);
  assert.deepEqual(portRequests(["[::1]:81:80"]), [{ ...tcp, address: "::1", host: 81, container: 80 }]);
  assert.deepEqual(portRequests(["81-82:91-92"]), [{ ...tcp, host: 81, container: 91 }, { ...tcp, host: 82, container: 92 }]);
  assert.deepEqual(portRequests(["8000-8010:80"]), [{ ...tcp, host: 8000, last: 8010, container: 80 }]);
  assert.deepEqual(publishAll(exposedPorts(["80-81", "53/udp"])), [
    { ...tcp, host: 0, container: 80 }, { ...tcp, host: 0, container: 81 }, { address: "", host: 0, container: 53, protocol: "udp" },
  ]);
  for (const text of ["", "x", "0:80", "1:2:3:4:5", "80:", "70000", "1-3:1-2", "5-1", "localhost:80:80", "80/xyz"]) {
    assert.throws(() => portRequests([text]), (error) => isFault(error, "USAGE"), text);
  }
});
