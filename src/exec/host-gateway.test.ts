import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "../std/fault.ts";
import { gatewayByPasta } from "./host-gateway.ts";

const ROUTES = "Iface\tDestination\tGateway\neth0\t00000000\tFE00000A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n";

test("the gateway stands for this machine, unless there is none or the container needs it for names", () => {
  assert.equal(gatewayByPasta(ROUTES, "nameserver 10.0.0.1\n"), "10.0.0.254");
  for (const [routes, resolver, problem] of [["", "nameserver 10.0.0.1\n", /no default route/], [ROUTES, "nameserver 10.0.0.254\n", /10\.0\.0\.254, which .* is the name server as well/]] as const) {
    assert.throws(() => gatewayByPasta(routes, resolver), (error) => isFault(error, "NETWORK_FAILED") && problem.test(error.message));
  }
});
