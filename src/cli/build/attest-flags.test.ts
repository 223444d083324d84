import assert from "node:assert/strict";
import { test } from "node:test";
import { attestFlags, attestOptions, type AttestWords } from "./attest-flags.ts";

const words = (more: Partial<AttestWords>): AttestWords => ({ attest: [], provenance: undefined, sbom: undefined, ...more });
const told = (more: Partial<AttestWords>) => Object.fromEntries([...attestFlags(words(more))].map(([type, attributes]) => [type, attributes && Object.fromEntries(attributes)]));

test("attestations are read as buildx reads them: the first word of a type counts, --attest before the short forms", () => {
  const cases: [Partial<AttestWords>, unknown][] = [
    [{}, {}],
    [{ provenance: "" }, {}],
    [{ provenance: "true", sbom: "1" }, { provenance: {}, sbom: {} }],
    [{ provenance: "F" }, { provenance: undefined }],
    [{ provenance: "mode=max,version=v0.2" }, { provenance: { mode: "max", version: "v0.2" } }],
    [{ attest: ["type=sbom,generator=x/y:1", "type=provenance,disabled=true"], provenance: "true" }, { sbom: { generator: "x/y:1" }, provenance: undefined }],
    [{ attest: ["type=provenance,mode=min", "type=provenance,mode=max"] }, { provenance: { mode: "min" } }],
    [{ attest: ['type=provenance,"builder-id=https://x/?a=1,2"'] }, { provenance: { "builder-id": "https://x/?a=1,2" } }],
  ];
  for (const [given, expected] of cases) assert.deepEqual(told(given), expected, JSON.stringify(given));
});

test("the attributes of a provenance become options, mode=max and v1 where nothing is said", () => {
  const none = { reproducible: false, completeMaterials: false, inlineOnly: false };
  assert.deepEqual(attestOptions(words({})), {});
  assert.deepEqual(attestOptions(words({ provenance: "false" })), {});
  assert.deepEqual(attestOptions(words({ provenance: "true" })).provenance, { ...none, mode: "max", version: "v1" });
  assert.deepEqual(attestOptions(words({ provenance: "mode=full" })).provenance, { ...none, mode: "max", version: "v1" });
  assert.deepEqual(attestOptions(words({ provenance: "mode=min,version=v0.2,builder-id=urn:x,filename=p.json,reproducible=1,inline-only=t" })).provenance,
    { mode: "min", version: "v0.2", builderId: "urn:x", filename: "p.json", reproducible: true, completeMaterials: false, inlineOnly: true });
});

test("a word alone is no attribute, and is told as buildx tells it", () => {
  for (const [given, flag, word] of [[{ attest: ["foo"] }, "--attest", "foo"], [{ provenance: "1,mode=max" }, "--provenance", "1"], [{ sbom: "yes" }, "--sbom", "yes"], [{ attest: ["type=provenance,mode=min,Max"] }, "--attest", "max"]] as const) {
    assert.throws(() => attestFlags(words(given)), new RegExp(`for ${flag}: invalid value ${word}$`));
  }
  assert.deepEqual(told({ provenance: "mode=max,builder-id=" }), { provenance: { mode: "max", "builder-id": "" } });
});
