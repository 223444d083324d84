import type { ComponentChildren } from "preact";

/** Something that stands where content would be. */
export function Notice({ title, alert, children }: { title: string; alert?: boolean; children?: ComponentChildren }) {
  return (
    <section class="notice" role={alert ? "alert" : "status"}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}
