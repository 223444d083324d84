import assert from "node:assert/strict";
import { test } from "node:test";
import { aboutOf } from "./build-about.ts";

test("no login that stands in an address is kept with a build", () => {
  const address = (path: string): string => `https://me:hunter2@example.com/${path}`;
  for (const context of [address("app.git"), address("app.tar").replace("https", "HTTPS"), "."]) {
    const about = aboutOf([{ context, cwd: "/", file: address("Dockerfile"), buildArgs: { HTTP_PROXY: "http://me:hunter2@proxy:3128", PLAIN: "a@b" }, buildContexts: { far: address("far.git") } }]);
    assert.doesNotMatch(JSON.stringify(about), /hunter2/);
    assert.equal(about.dockerfile, "https://xxxxx:xxxxx@example.com/Dockerfile");
    assert.deepEqual(about.buildArgs, { HTTP_PROXY: "http://xxxxx:xxxxx@proxy:3128", PLAIN: "a@b" });
  }
});
