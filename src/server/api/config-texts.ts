import { textsOf } from "./image-view.ts";

/**
 * Settings of an image (image-spec, "Properties") as texts that can be read and compared; each variable and label by itself. What
 * is of another type than the specification says is left out: nobody has checked a config.
 */
export function configTexts(value: unknown): Readonly<Record<string, string>> {
  const config = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
  const texts: Record<string, string> = {};
  for (const field of ["Entrypoint", "Cmd", "Shell"]) {
    const words = wordsOf(config[field]);
    if (words.length > 0) texts[field] = JSON.stringify(words);
  }
  for (const field of ["User", "WorkingDir", "StopSignal"]) {
    if (typeof config[field] === "string" && config[field] !== "") texts[field] = config[field];
  }
  for (const variable of wordsOf(config["Env"])) {
    const mark = variable.indexOf("=");
    texts[`Env ${mark < 0 ? variable : variable.slice(0, mark)}`] = mark < 0 ? "" : variable.slice(mark + 1);
  }
  for (const field of ["ExposedPorts", "Volumes"]) {
    const names = Object.keys(objectOf(config[field]));
    if (names.length > 0) texts[field] = names.join(" ");
  }
  for (const [label, text] of Object.entries(textsOf(config["Labels"]))) texts[`Label ${label}`] = text;
  const check = wordsOf(objectOf(config["Healthcheck"])["Test"]);
  if (check.length > 0) texts["Healthcheck"] = JSON.stringify(check);
  return texts;
}

function wordsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((word) => typeof word === "string") : [];
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : {};
}
