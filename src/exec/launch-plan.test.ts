import assert from "node:assert/strict";
import { test } from "node:test";
import { launchPlan } from "./launch-plan.ts";

test("reads the command lines that sandboxes are started with", () => {
  assert.deepEqual(launchPlan(["setpriv", "--pdeathsig", "KILL", "unshare", "--pid", "--fork", "--kill-child=KILL", "--", "unshare", "--mount", "--pid", "--propagation", "private", "--", "/bin/sh", "-c", "unshare"]), {
    steps: [
      { kind: "bind" },
      { kind: "own", namespaces: ["pid"], private: false },
      { kind: "fork", bound: true },
      { kind: "own", namespaces: ["pid", "mount"], private: true },
    ],
    program: ["/bin/sh", "-c", "unshare"],
  });
  assert.deepEqual(launchPlan(["nsenter", "--pid=/proc/self/fd/5", "--uts=/proc/self/fd/7", "--", "node", "--no-warnings", "entry"]), {
    steps: [
      { kind: "enter", namespace: "pid", path: "/proc/self/fd/5" },
      { kind: "enter", namespace: "uts", path: "/proc/self/fd/7" },
      { kind: "fork", bound: false },
    ],
    program: ["node", "--no-warnings", "entry"],
  });
  // A child of its own is needed for a PID namespace only; as a program stands nothing that is an option.
  assert.deepEqual(launchPlan(["unshare", "--mount", "/bin/sh"]), { steps: [{ kind: "own", namespaces: ["mount"], private: false }], program: ["/bin/sh"] });
});

test("does not pass over an option that it does not know", () => {
  for (const words of [["setpriv", "--pdeathsig", "TERM", "true"], ["unshare", "--user", "--", "true"], ["unshare", "--mount", "--propagation", "slave", "true"], ["nsenter", "--user=/x", "--", "true"], ["nsenter", "--mount=/x", "true"]]) {
    assert.throws(() => launchPlan(words), /not known here/, words.join(" "));
  }
});
