import { accessFaults } from "./faults/access.ts";
import { bakeFaults } from "./faults/bake.ts";
import { buildFaults } from "./faults/build.ts";
import { cacheFaults } from "./faults/cache.ts";
import { carryFaults } from "./faults/carry.ts";
import { cliFaults } from "./faults/cli.ts";
import { containerFaults } from "./faults/container.ts";
import { contextFaults } from "./faults/context.ts";
import { dockerfileFaults } from "./faults/dockerfile.ts";
import { execFaults } from "./faults/exec.ts";
import { fetchFaults } from "./faults/fetch.ts";
import { generalFaults } from "./faults/general.ts";
import { imageFaults } from "./faults/image.ts";
import { layerFaults } from "./faults/layer.ts";
import { registryFaults } from "./faults/registry.ts";
import { remoteFaults } from "./faults/remote.ts";
import { s3Faults } from "./faults/s3.ts";
import { serverFaults } from "./faults/server.ts";
import { storeFaults } from "./faults/store.ts";

/** Every fault that Sampan can report, by code. `docs/errors.md` is generated from it. */
export const faultTable = {
  ...generalFaults,
  ...dockerfileFaults,
  ...contextFaults,
  ...buildFaults,
  ...fetchFaults,
  ...bakeFaults,
  ...execFaults,
  ...layerFaults,
  ...imageFaults,
  ...storeFaults,
  ...registryFaults,
  ...accessFaults,
  ...containerFaults,
  ...carryFaults,
  ...s3Faults,
  ...cacheFaults,
  ...remoteFaults,
  ...serverFaults,
  ...cliFaults,
} as const;
