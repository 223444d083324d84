import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "../std/fault.ts";
import { gatewayByPasta } from "./host-gateway.ts";

const ROUTES = "Iface\tDestination\tGateway\neth0\t00000000\tFE00000A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n";

test("the gateway stands for this machine, also where it is a name server, and not where there is none", () => {
  assert.deepEqual(gatewayByPasta(ROUTES, "nameserver 10.0.0.1\n"), { address: "10.0.0.254", isNameServer: false });
  assert.deepEqual(gatewayByPasta(ROUTES, "nameserver 10.0.0.1\nnameserver 10.0.0.254\n"), { address: "10.0.0.254", isNameServer: true });
  assert.throws(() => gatewayByPasta("", "nameserver 10.0.0.1\n"), (error) => isFault(error, "NETWORK_FAILED") && /no default route/.test(error.message));
});
