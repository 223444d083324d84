import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isFault } from "../../std/fault.ts";
import { executeTemplate } from "./execute.ts";
import { withMethods } from "./with-methods.ts";

const image = withMethods({
  Id: "sha256:abc",
  Name: "busy box",
  Size: 1234567,
  Tags: ["a:1", "b:2"],
  None: [],
  Nil: null,
  On: true,
  Config: { Env: ["PATH=/bin", "X=1"], Labels: new Map([["b.c", "2"], ["a", "1"]]), User: "", Ports: new Map<string, unknown>() },
}, { Label: (name) => `<${String(name)}>` });

/** Results were taken from Go 1.26's text/template with docker's functions. */
const CASES: [string, string][] = [
  ["plain", "plain"],
  ['{{.Label "a.b"}}{{"c" | .Label}}{{len (.Label "d")}}{{$x := .}}{{$x.Label "e"}}', "<a.b><c>3<e>"],
  ["{{.Id}}", "sha256:abc"],
  ["{{ .Config.Env }}", "[PATH=/bin X=1]"],
  ["{{.Config.Labels}}", "map[a:1 b.c:2]"],
  ["{{.Config.Ports}}|{{.None}}|{{.Config.User}}|{{.Nil}}", "map[]|[]||<nil>"],
  ["{{.Config.Labels.a}} {{.Config.Labels.z}}", "1 <no value>"],
  ['{{index .Config.Labels "b.c"}}-{{index .Config.Labels "none"}}-', "2--"],
  ["{{index .Tags 1}}", "b:2"],
  ['{{index (index .Config.Env 0) 0}}', "80"],
  ["{{range .Tags}}<{{.}}>{{end}}", "<a:1><b:2>"],
  ["{{range $i, $t := .Tags}}{{if $i}}, {{end}}{{$i}}={{$t}}{{end}}", "0=a:1, 1=b:2"],
  ["{{range $t := .Tags}}{{$t}};{{end}}", "a:1;b:2;"],
  ["{{range .None}}x{{else}}none{{end}}", "none"],
  ["{{range $k, $v := .Config.Labels}}{{$k}}={{$v}} {{end}}", "a=1 b.c=2 "],
  ["{{range .Tags}}{{if eq . \"a:1\"}}{{continue}}{{end}}{{.}}{{break}}{{end}}", "b:2"],
  ["{{range 3}}{{.}}{{end}}", "012"],
  ["{{if .On}}yes{{else}}no{{end}}", "yes"],
  ["{{if .None}}a{{else if .Config.User}}b{{else if .On}}c{{else}}d{{end}}", "c"],
  ["{{with .Config}}{{.User}}{{len .Env}}{{end}}", "2"],
  ["{{with .Nil}}x{{else}}nothing{{end}}", "nothing"],
  ["{{with $x := .Size}}{{$x}}{{end}}", "1234567"],
  ["{{$x := 1}}{{range .Tags}}{{$x = .}}{{end}}{{$x}}", "b:2"],
  ["{{$.Id}} {{range .Tags}}{{$.Size}} {{end}}", "sha256:abc 1234567 1234567 "],
  ["a {{- 1 -}} b", "a1b"],
  ["a {{- /* note */ -}} b{{/* x */}}c", "abc"],
  ["a\n{{- if .On}}\nb\n{{- end}}\n", "a\nb\n"],
  ["{{json .Tags}} {{json .Config.Labels}} {{json .Nil}}", '["a:1","b:2"] {"a":"1","b.c":"2"} null'],
  ["{{.Tags | json}}", '["a:1","b:2"]'],
  ['{{join .Tags ", "}}', "a:1, b:2"],
  ['{{(index .Tags 0) | upper | printf "%s!"}}', "A:1!"],
  ['{{split .Id ":"}}', "[sha256 abc]"],
  ['{{index (split .Id ":") 1}}', "abc"],
  ["{{lower \"AbC\"}} {{upper .Name}} {{title .Name}}", "abc BUSY BOX Busy Box"],
  ['{{truncate .Id 3}}|{{pad "x" 1 2}}|', "sha| x  |"],
  ["{{slice .Id 7 10}} {{slice .Id 7}} {{slice .Tags 1}}", "abc abc [b:2]"],
  ["{{len .Id}} {{len .Tags}} {{len .Config.Labels}} {{len \"é\"}}", "10 2 2 2"],
  ["{{print 1 2 \"a\" \"b\" 3}}", "1 2ab3"],
  ["{{println .Size true}}", "1234567 true\n"],
  ['{{printf "%5d|%-5s|%05d|%.2f|%q|%v|%t|%x|%%" 42 "ab" 42 3.14159 "q" .Tags true "hi"}}', '   42|ab   |00042|3.14|"q"|[a:1 b:2]|true|6869|%'],
  ['{{printf "%d" "x"}} {{printf "%s"}} {{printf "x" 1}}', "%!d(string=x) %!s(MISSING) x%!(EXTRA int=1)"],
  ["{{eq 1 1}} {{eq 1 2 1}} {{ne 1 1}} {{lt 1 2}} {{le 2 2}} {{gt \"b\" \"a\"}} {{ge 1 2}}", "true true false true true true false"],
  ["{{and .On .Id}} {{and .None .Id}} {{or .None .Id}} {{not .On}}", "sha256:abc [] sha256:abc false"],
  ['{{or .On (index .Tags 9)}}', "true"],
  ['{{"quoted \\"x\\" \\t\\u00e9"}} {{`raw \\n`}} {{\'a\'}}', 'quoted "x" \té raw \\n 97'],
  ["{{true}} {{1.5}} {{0x10}} {{-3}}", "true 1.5 16 -3"],
  ["{{eq .Nil nil}}", "true"],
  ["{{ (index .Tags 0) }}{{ .Config.Env | len | eq 2 }}", "a:1true"],
  ["{{html \"<a>\"}}", "&lt;a&gt;"],
];

test("templates give what Go's text/template gives", () => {
  for (const [template, expected] of CASES) assert.equal(executeTemplate(template, image), expected, template);
});

const MISTAKES: [string, RegExp][] = [
  ["{{.Nope}}", /can't evaluate field Nope: the fields are Id, Name/],
  ["{{.Id.Sub}}", /can't evaluate field Sub in type string/],
  ["{{.Nil.Sub}}", /nil pointer evaluating \.Sub/],
  ["{{.Id", /unclosed action/],
  ["{{if .On}}x", /\{\{if\}\} without \{\{end\}\}/],
  ["{{end}}", /unexpected \{\{end\}\}/],
  ["{{else}}", /unexpected \{\{else\}\}/],
  ["{{nofunc .Id}}", /function "nofunc" not defined/],
  ["{{index .Tags 5}}", /index out of range: 5/],
  ["{{index .Tags}}{{index}}", /wrong number of args for index/],
  ["{{(.Id}}", /unclosed left parenthesis/],
  ["{{.Id | \"x\"}}", /constant cannot stand behind/],
  ["{{}}", /missing value for a command/],
  ["{{$nope}}", /undefined variable "\$nope"/],
  ["{{break}}", /outside \{\{range\}\}/],
  ["{{template \"x\"}}", /not supported/],
  ["{{eq 1 \"1\"}}", /incompatible types/],
  ["{{range .Size}}x{{end}}{{range .On}}{{end}}", /range can't iterate over true/],
  ["{{lower .Size}}", /expected string; got int/],
  ["{{if}}x{{end}}", /missing value for if/],
  ["{{.Id .Name}}", /can't give argument to non-function/],
  ["{{ @ }}", /unexpected "@"/],
];

test("mistakes in templates are faults that say what is wrong", () => {
  for (const [template, message] of MISTAKES) {
    assert.throws(() => executeTemplate(template, { ...image, Size: template.includes("range .Size") ? 1 : image.Size }), (error) => {
      assert.ok(isFault(error, "TEMPLATE_INVALID"), `${template}: ${String(error)}`);
      assert.match(error.message, message, template);
      return true;
    });
  }
});

test("a method without its arguments is a mistake, and lists of fields do not name it", () => {
  assert.throws(() => executeTemplate("{{.Label}}", image), /wrong number of args for Label/);
  assert.throws(() => executeTemplate("{{.Labels}}", image), (error) => /the fields are Id,/.test(String(error)) && !/Label,/.test(String(error)));
});

test("text without braces comes out as it is", () => {
  fc.assert(fc.property(fc.string().filter((text) => !text.includes("{{")), (text) => {
    assert.equal(executeTemplate(text, {}), text);
  }));
});

test("any text between braces is a result or a fault, nothing else", () => {
  fc.assert(fc.property(fc.string(), (inside) => {
    try {
      executeTemplate(`{{${inside}}}`, image);
    } catch (error) {
      assert.ok(isFault(error, "TEMPLATE_INVALID"), String(error));
    }
  }), { numRuns: 2000 });
});
