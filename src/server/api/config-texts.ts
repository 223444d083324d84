/** Settings of an image (image-spec, "Properties") as texts that can be read and compared; each variable and label by itself. */
export function configTexts(value: unknown): Readonly<Record<string, string>> {
  const config = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
  const texts: Record<string, string> = {};
  for (const field of ["Entrypoint", "Cmd", "Shell"]) {
    if (Array.isArray(config[field])) texts[field] = JSON.stringify(config[field]);
  }
  for (const field of ["User", "WorkingDir", "StopSignal"]) {
    if (typeof config[field] === "string" && config[field] !== "") texts[field] = config[field];
  }
  for (const variable of Array.isArray(config["Env"]) ? config["Env"].map(String) : []) {
    const mark = variable.indexOf("=");
    texts[`Env ${mark < 0 ? variable : variable.slice(0, mark)}`] = mark < 0 ? "" : variable.slice(mark + 1);
  }
  for (const field of ["ExposedPorts", "Volumes"]) {
    const names = Object.keys((config[field] as object | null | undefined) ?? {});
    if (names.length > 0) texts[field] = names.join(" ");
  }
  for (const [label, text] of Object.entries((config["Labels"] as object | null | undefined) ?? {})) texts[`Label ${label}`] = String(text);
  if (config["Healthcheck"]) texts["Healthcheck"] = JSON.stringify(config["Healthcheck"]);
  return texts;
}
