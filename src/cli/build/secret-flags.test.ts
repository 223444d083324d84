import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "../../std/fault.ts";
import { allowFlags, secretFlags, sshFlags } from "./secret-flags.ts";

const around = { cwd: import.meta.dirname, env: { TOKEN: "value", SSH_AUTH_SOCK: "/run/agent", empty: "" } };
const here = import.meta.filename;

test("secrets are files or variables, and with the id alone whichever is there", () => {
  const cases: [string, object][] = [
    ["id=a,src=secret-flags.test.ts", { id: "a", file: here }],
    ["id=a,source=secret-flags.test.ts,type=file", { id: "a", file: here }],
    ["id=a,env=TOKEN", { id: "a", value: "value" }],
    ["type=env,id=TOKEN", { id: "TOKEN", value: "value" }],
    ["type=env,id=a,src=TOKEN", { id: "a", value: "value" }],
    ["id=TOKEN", { id: "TOKEN", value: "value" }],
    ["id=a,env=MISSING", { id: "a", value: "", unset: "MISSING" }],
    ["type=env,id=a,src=MISSING", { id: "a", value: "", unset: "MISSING" }],
    ["id=TOKEN,env=", { id: "TOKEN", value: "value" }],
    ["id=empty", { id: "empty", value: "" }],
    ["id=secret-flags.test.ts", { id: "secret-flags.test.ts", file: here }],
  ];
  for (const [text, expected] of cases) assert.deepEqual(secretFlags([text], around), [expected], text);
  for (const text of ["src=a", "id", "id=a,file=b", "id=a,type=vault", "", "id=a,src"]) {
    assert.throws(() => secretFlags([text], around), (error) => isFault(error, "USAGE"), text);
  }
  for (const text of ["id=a,src=missing", "type=env,id=MISSING", "type=env,id=MISSING,env=", "id=missing"]) {
    assert.throws(() => secretFlags([text], around), (error) => isFault(error, "SECRET_INVALID"), text);
  }
});

test("agents are the one of the environment, a socket, or keys", () => {
  assert.deepEqual(sshFlags(["default", "github", "a=/x,/y", "b=s"], around), [
    { id: "default", paths: ["/run/agent"] }, { id: "github", paths: ["/run/agent"] }, { id: "a", paths: ["/x", "/y"] }, { id: "b", paths: ["s"] },
  ]);
  assert.throws(() => sshFlags(["default"], { ...around, env: {} }), (error) => isFault(error, "SSH_INVALID"));
  assert.throws(() => sshFlags(["=x"], around), (error) => isFault(error, "USAGE"));
});

test("what is allowed has a name", () => {
  assert.deepEqual(allowFlags(["network.host", "security.insecure"]), ["network.host", "security.insecure"]);
  assert.throws(() => allowFlags(["network.hots"]), /did you mean|invalid entitlement/);
  assert.throws(() => allowFlags(["device=x"]), (error) => isFault(error, "NOT_SUPPORTED"));
});
