import { say } from "../state/words.ts";

/** Names and their values; nothing where there are none. */
export function Settings({ title, settings }: { title: string; settings: Readonly<Record<string, string>> }) {
  const entries = Object.entries(settings);
  if (entries.length === 0) return null;
  return (
    <section>
      <h2>{title}</h2>
      <table>
        <thead><tr><th>{say("setting")}</th><th>{say("value")}</th></tr></thead>
        <tbody>{entries.map(([name, value]) => <tr key={name}><td class="name">{name}</td><td class="step"><code>{value}</code></td></tr>)}</tbody>
      </table>
    </section>
  );
}
