import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultGateway } from "./default-gateway.ts";

const HEAD = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n";

test("the gateway is that of the default route with the lowest metric", () => {
  const wifi = "wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n";
  const cable = "eth0\t00000000\tFE00000A\t0003\t0\t0\t100\t00000000\t0\t0\t0\n";
  const local = "eth0\t0000000A\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n";
  assert.equal(defaultGateway(HEAD + wifi + local + cable), "10.0.0.254");
  assert.equal(defaultGateway(HEAD + wifi), "192.168.1.1");
  for (const none of ["", HEAD, HEAD + local, `${HEAD}tun0\t00000000\t00000000\t0001\t0\t0\t0\t00000000\t0\t0\t0\n`]) assert.equal(defaultGateway(none), undefined, none);
});
