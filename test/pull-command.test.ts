import assert from "node:assert/strict";
import { test } from "node:test";
import { pullCommand } from "../web/parts/pull-command.ts";

test("images are pulled by docker, charts by helm, everything else by oras", () => {
  const [host, repository, digest] = ["registry.test:5000", "team/app", `sha256:${"a".repeat(64)}`];
  const command = (artifactType: string | undefined, reference: string): string => pullCommand({ repository, ...(artifactType === undefined ? {} : { artifactType }) }, { host, reference });
  const chart = "application/vnd.cncf.helm.config.v1+json";
  assert.equal(command(undefined, "1.2.0"), "docker pull registry.test:5000/team/app:1.2.0");
  assert.equal(command(undefined, digest), `docker pull registry.test:5000/team/app@${digest}`);
  assert.equal(command(chart, "1.2.0_build.1"), "helm pull oci://registry.test:5000/team/app --version 1.2.0+build.1");
  assert.equal(command(chart, digest), `helm pull oci://registry.test:5000/team/app@${digest}`);
  assert.equal(command("application/x-sbom", "1"), "oras pull registry.test:5000/team/app:1");
});
