import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isFault } from "../std/fault.ts";
import { expand, type ExpandOptions } from "./expand.ts";

const ENV = new Map([["name", "value"], ["empty", ""], ["path", "/usr/local/bin"], ["file", "a.tar.gz"], ["list", "80 443"], ["0", "zero"], ["größe", "10"]]);
const valueOf = (word: string, options?: ExpandOptions): string => expand(word, ENV, options).value;

function table(rows: readonly (readonly [string, string])[], options?: ExpandOptions): void {
  for (const [word, value] of rows) assert.equal(valueOf(word, options), value, word);
}

function refused(word: string, problem: string, options?: ExpandOptions): void {
  assert.throws(() => expand(word, ENV, options), (error) => isFault(error, "DOCKERFILE_SUBSTITUTION") && error.message.endsWith(`: ${problem}`), word);
}

test("a variable gives its value, or nothing when it has none", () => {
  table([["$name", "value"], ["${name}", "value"], ["a$name-b", "avalue-b"], ["$nothing", ""], ["x${nothing}y", "xy"], ["$empty", ""]]);
});

test("names are letters, digits and underscores, digits alone, or one special parameter", () => {
  table([["$name_", ""], ["$name.x", "value.x"], ["$größe", "10"], ["$0x", "zerox"], ["$12", ""], ["$@x$*x$#x", "xxx"], ["$$name", "name"], ["$!", ""]]);
});

test("a dollar before anything else is a dollar", () => {
  table([["$", "$"], ["a$ b", "a$ b"], ["$.", "$."], ['$"x"', "$x"], ["5$%", "5$%"]]);
});

test("single quotes keep everything as it is", () => {
  table([["'$name \\'", "$name \\"], ["a'b\"c'd", 'ab"cd'], ["''", ""]]);
});

test("double quotes fill in variables and unescape only quote, dollar and escape character", () => {
  table([['"$name"', "value"], ['"\\"\\$name\\\\"', '"$name\\'], ['"\\n\\\'"', "\\n\\'"], ['"it\'s"', "it's"]]);
});

test("outside quotes the escape character goes and the next one stays; at the end it disappears", () => {
  table([["\\$name", "$name"], ["a\\ b", "a b"], ["\\\\", "\\"], ["a\\", "a"], ["\\'", "'"]]);
});

test("the backtick can be the escape character", () => {
  table([["`$name", "$name"], ["C:\\$name", "C:\\value"], ['"`""', '"'], ["``", "`"]], { escape: "`" });
});

test("a default stands in for an unset variable, with a colon also for an empty one", () => {
  table([
    ["${nothing:-w}", "w"], ["${nothing-w}", "w"], ["${empty:-w}", "w"], ["${empty-w}", ""], ["${name:-w}", "value"], ["${nothing:-}", ""],
    ["${nothing:-$name}", "value"], ["${nothing:-${empty:-deep}}", "deep"], ["${nothing:-'a }'}", "a }"], ["${nothing:-a\\}b}", "a}b"],
  ]);
});

test("an alternative stands in for a set variable, with a colon only for one that is not empty", () => {
  table([["${name:+w}", "w"], ["${name+w}", "w"], ["${empty:+w}", ""], ["${empty+w}", "w"], ["${nothing:+w}", ""], ["${nothing+w}", ""]]);
});

test("a demanded variable is an error when it is missing, with the text given or a standing one", () => {
  table([["${name:?w}", "value"], ["${name?w}", "value"], ["${empty?w}", ""]]);
  refused("${nothing:?is needed}", "nothing: is needed");
  refused("${nothing?}", "nothing: is not allowed to be unset");
  refused("${empty:?}", "empty: is not allowed to be empty");
  refused("${nothing:?$name}", "nothing: value");
});

test("prefixes and suffixes are cut off by patterns", () => {
  table([
    ["${path#*/}", "usr/local/bin"], ["${path##*/}", "bin"], ["${path%/*}", "/usr/local"], ["${path%%/*}", ""],
    ["${file%.gz}", "a.tar"], ["${file%%.*}", "a"], ["${file#?.}", "tar.gz"], ["${nothing#x}", ""], ["${path#\"/usr\"}", "/local/bin"],
  ]);
});

test("text is replaced by patterns, once or everywhere", () => {
  table([["${path/\\//:}", ":usr/local/bin"], ["${path//\\//:}", ":usr:local:bin"], ["${file/.*/}", "a"], ["${name//[aeiou]/x}", "value"], ["${file//a/$name}", "value.tvaluer.gz"]]);
});

test("bad substitutions are refused with BuildKit's words", () => {
  refused("${", "syntax error: missing '}'");
  refused("${}", "syntax error: bad substitution");
  refused("${:x}", "syntax error: bad substitution");
  refused("${{x}", "syntax error: bad substitution");
  refused("${name", "unsupported modifier (\ufffd) in substitution");
  refused("${name^}", "unsupported modifier (^) in substitution");
  refused("${name:#x}", "unsupported modifier (:#) in substitution");
  refused("${name:=x}", "unsupported modifier (:=) in substitution");
  refused("${name:-x", "syntax error: missing '}'");
  refused("${name/x", "syntax error: missing '/' in ${}");
  refused("${name/x/y", "syntax error: missing '}'");
  refused("${name#\\x}", "invalid pattern (\\x) in substitution: invalid escape '\\x'");
});

test("an open quote is refused, and the message shows the whole word", () => {
  assert.throws(() => expand("it's", ENV), {
    message: 'failed to process "it\'s": unexpected end of statement while looking for matching single-quote',
    hint: "close the quote, or put the escape character before it",
  });
  refused('"x', "unexpected end of statement while looking for matching double-quote");
});

test("words are split after variables are filled in, but not inside quotes", () => {
  const words = (word: string): readonly string[] => expand(word, ENV).words;
  assert.deepEqual(words("$list"), ["80", "443"]);
  assert.deepEqual(words('"$list"'), ["80 443"]);
  assert.deepEqual(words("a $list\\ b"), ["a", "80", "443 b"]);
  assert.deepEqual(words("a\u00a0'' b"), ["a", "b"]);
  assert.deepEqual(words("  "), []);
});

test("an operand makes the word before it forgotten, as BuildKit has it", () => {
  assert.deepEqual(expand("80${x:-80}", ENV), { value: "8080", words: ["80"], unmatched: new Set(["x"]), used: new Set() });
});

test("variables that were found and that were missed are told", () => {
  const { used, unmatched } = expand("$name ${other:-$third} '$no'", ENV);
  assert.deepEqual([...used], ["name"]);
  assert.deepEqual([...unmatched].sort(), ["other", "third"]);
});

test("raw quotes and raw escapes stay in the value", () => {
  table([["'a' \"$name\"", "'a' \"value\""]], { rawQuotes: true });
  table([["a\\ b\\", "a\\ b\\"], ['"\\""', '\\"']], { rawEscapes: true });
});

test("without quote processing quotes are ordinary characters", () => {
  table([["it's \"$name\" \\$name", 'it\'s "value" $name']], { skipProcessQuotes: true });
});

test("unset references can be left as they are", () => {
  table([["$no ${no} ${no:-x} ${no#a} ${no/a/b} $name", "$no ${no} ${no:-x} ${no#a} ${no/a/b} value"]], { skipUnset: true });
});

test("heredoc operators keep the space behind them in one word", () => {
  assert.deepEqual(expand("cat << EOF x", ENV).words, ["cat", "<< EOF", "x"]);
});

test("substitutions can be nested, but not without end", () => {
  assert.equal(valueOf("${x:-".repeat(400) + "}".repeat(400)), "");
  refused("${x:-".repeat(501) + "}".repeat(501), "more than 500 substitutions inside each other");
});

const piece = fc.constantFrom("$", "{", "}", "a", "${a", ":-", "#", "%", "/", "'", '"', "\\", "`", "<", " ", "*", "?", "é", "😀", "${b:-");
test("every text has an expansion or a fault, whatever the options", () => {
  fc.assert(fc.property(fc.array(piece, { maxLength: 20 }), fc.record({
    escape: fc.constantFrom("\\", "`"), rawQuotes: fc.boolean(), rawEscapes: fc.boolean(), skipProcessQuotes: fc.boolean(), skipUnset: fc.boolean(),
  }), (pieces, options) => {
    try {
      const { value, words } = expand(pieces.join(""), new Map([["a", "x y"]]), options);
      assert.equal(typeof value, "string");
      assert.ok(words.every((word) => word !== ""));
    } catch (error) {
      assert.ok(isFault(error, "DOCKERFILE_SUBSTITUTION"), String(error));
    }
  }), { numRuns: 2000 });
});

test("a text without special characters is its own value", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme" }).filter((text) => !/[$'"\\<]/.test(text)), (text) => {
    assert.equal(expand(text, ENV).value, text);
  }));
});

test("a plain word is what it would be if it were read character by character", () => {
  fc.assert(fc.property(fc.string({ unit: "binary-ascii" }).filter((text) => !/[$'"\\<`]/.test(text)), (text) => {
    const [short, long] = [expand(text, ENV), expand(`${text}''`, ENV)];
    assert.deepEqual(short, long);
  }), { numRuns: 2000 });
});

test("single-quoted text comes out as it was", () => {
  fc.assert(fc.property(fc.string().filter((text) => !text.includes("'")), (text) => {
    assert.equal(expand(`'${text}'`, ENV).value, text);
  }));
});
