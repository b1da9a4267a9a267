extension StatusPage {
  static let script = #"""
    "use strict";
    const history = new Map(), keep = 60;
    let last = null;
    const $ = id => document.getElementById(id);
    const esc = text => String(text).replace(/[&<>"']/g, c => "&#" + c.charCodeAt(0) + ";");
    const short = n => n >= 1e9 ? (n / 1e9).toFixed(2) + " G" : n >= 1e6 ? (n / 1e6).toFixed(2) + " M"
      : n >= 1e4 ? (n / 1e3).toFixed(1) + " k" : n >= 100 || n === Math.round(n) ? String(Math.round(n))
      : n.toFixed(1);
    const time = us => us == null ? "–" : us >= 1e6 ? (us / 1e6).toFixed(2) + " s"
      : us >= 1e3 ? (us / 1e3).toFixed(us >= 1e4 ? 0 : 1) + " ms" : Math.round(us) + " µs";
    const bytes = n => (n / 2 ** 30).toFixed(1) + " GiB";
    const span = s => s >= 86400 ? Math.floor(s / 86400) + " d " + Math.floor(s % 86400 / 3600) + " h"
      : s >= 3600 ? Math.floor(s / 3600) + " h " + Math.floor(s % 3600 / 60) + " min"
      : s >= 60 ? Math.floor(s / 60) + " min " + Math.floor(s % 60) + " s" : Math.floor(s) + " s";
    const pill = state => "pill " + (state === "ready" ? "ready"
      : state === "loading" || state === "starting" || state === "draining" || state === "unloading"
      ? "wait" : "bad");

    function rates(model, before, seconds) {
      const key = model.name + "/" + model.version;
      const old = before && before.models.find(m => m.name === model.name && m.version === model.version);
      const per = (a, b) => old && seconds > 0 ? Math.max(0, (a - b) / seconds) : 0;
      const now = {
        requests: per(model.requests, old && old.requests), rows: per(model.rows, old && old.rows),
        executions: per(model.executions, old && old.executions),
      };
      const list = history.get(key) || [];
      if (old) list.push(now.rows);
      while (list.length > keep) list.shift();
      history.set(key, list);
      return { ...now, trend: list };
    }

    function trend(values) {
      const top = Math.max(1, ...values), step = 240 / (keep - 1);
      const points = values.map((v, i) =>
        [(240 - (values.length - 1 - i) * step).toFixed(1), (40 - 36 * v / top).toFixed(1)]);
      if (!points.length) return "";
      const line = points.map(p => p.join(",")).join(" ");
      return `<svg viewBox="0 0 240 42" height="42" preserveAspectRatio="none" role="img"
        aria-label="rows per second in the last minute"><polygon class="area"
        points="${points[0][0]},41 ${line} ${points[points.length - 1][0]},41"/>
        <polyline class="trend" points="${line}"/></svg>`;
    }

    function quantile(counts, limits, q) {
      const total = counts.reduce((a, b) => a + b, 0);
      if (!total) return null;
      let seen = 0;
      for (let i = 0; i < counts.length; i++) {
        seen += counts[i];
        if (seen >= Math.ceil(total * q)) return limits[Math.min(i, limits.length - 1)];
      }
      return limits[limits.length - 1];
    }

    function histogram(counts, limits) {
      const first = counts.findIndex(c => c), total = counts.reduce((a, b) => a + b, 0);
      if (!total) return `<p class="label">No request yet.</p>`;
      let end = counts.length - 1;
      while (!counts[end]) end--;
      const from = Math.max(0, first - 2), to = Math.min(limits.length - 1, Math.max(end + 2, from + 9));
      const n = to - from + 1, wide = 360, gap = wide / n, top = Math.max(...counts);
      let out = "";
      for (let i = from; i <= to; i++) {
        const height = counts[i] ? Math.max(1.5, 74 * counts[i] / top) : 0;
        out += `<rect class="bar" x="${((i - from) * gap + 1).toFixed(1)}" y="${(88 - height).toFixed(1)}"
          width="${(gap - 2).toFixed(1)}" height="${height.toFixed(1)}" rx="1.5"><title>up to
          ${time(limits[i])}: ${counts[i]}</title></rect>`;
        if ((i - from) % Math.max(1, Math.ceil(n / 6)) === 0)
          out += `<text x="${((i - from + 1) * gap).toFixed(1)}" y="101"
            text-anchor="middle">${time(limits[i])}</text>`;
      }
      const p95 = quantile(counts, limits, .95), at = (limits.indexOf(p95) - from + 1) * gap;
      const anchor = at > wide * .8 ? "end" : "start";
      out += `<line class="mark" x1="${at}" x2="${at}" y1="4" y2="88"/><text class="marktext"
        x="${at + (anchor === "end" ? -4 : 4)}" y="11" text-anchor="${anchor}">95 %: ${time(p95)}</text>
        <line class="axis" x1="0" x2="${wide}" y1="88.5" y2="88.5"/>`;
      return `<svg viewBox="0 0 ${wide} 104" role="img" aria-label="latency histogram">${out}</svg>`;
    }

    function sizes(model) {
      const list = Object.entries(model.batches).map(([size, count]) => [Number(size), count]);
      if (!list.length) return `<p class="label">No execution yet.</p>`;
      const runs = list.reduce((a, [, c]) => a + c, 0);
      const rows = list.reduce((a, [s, c]) => a + s * c, 0), top = Math.max(...list.map(([, c]) => c));
      const shown = [...list].sort((a, b) => b[1] - a[1]).slice(0, 5).sort((a, b) => a[0] - b[0]);
      const mean = rows / runs, requests = short(model.requests / Math.max(1, model.executions));
      const fill = model.maxBatchSize > 0 ? ` · ${(100 * mean / model.maxBatchSize).toFixed(
        mean / model.maxBatchSize < .1 ? 1 : 0)} % of ${model.maxBatchSize}` : "";
      return `<div class="sizes">` + shown.map(([size, count]) =>
        `<span>${size} row${size === 1 ? "" : "s"}</span><span class="track"><i
        style="width:${100 * count / top}%"></i></span><span>${short(count)}</span>`).join("")
        + `</div><div class="legend"><span>mean ${short(mean)}${fill}</span><span>${requests} request${
        requests === "1" ? "" : "s"} a run</span></div>`;
    }

    function split(model) {
      const parts = [["waiting", model.times.queue, "var(--warm)"], ["joining", model.times.input, "var(--blue)"],
        ["computing", model.times.infer, "var(--accent)"], ["splitting", model.times.output, "var(--soft)"]];
      const total = parts.reduce((a, [, v]) => a + v, 0);
      if (!total) return "";
      return `<div class="split">` + parts.map(([, v, c]) =>
        `<i style="width:${100 * v / total}%;background:${c}"></i>`).join("") + `</div><div class="legend">`
        + parts.map(([name, v, c]) => `<span><i style="background:${c}"></i>${name} ${time(
        v / Math.max(1, model.requests))}</span>`).join("") + `</div>`;
    }

    function card(model, r, limits) {
      const failures = Object.entries(model.failures).filter(([, n]) => n);
      const tensors = list => list.map(t => `<code>${esc(t)}</code>`).join(", ");
      const trouble = failures.map(([why, n]) => `${short(n)} ${esc(why.toLowerCase())}`).join(", ");
      return `<article class="card"><div class="top"><h2>${esc(model.name)}</h2>
        <span class="label">version ${model.version}</span>
        <span class="${pill(model.state)}">${esc(model.state)}</span>
        <span class="label" style="margin-left:auto">${esc(model.platform)} · ${esc(model.scheduling)}</span></div>
        <p class="signature">${tensors(model.inputs)} → ${tensors(model.outputs)}</p>
        ${model.reason ? `<p class="reason">${esc(model.reason)}</p>` : ""}
        ${model.notes.map(n => `<p class="note">${esc(n)}</p>`).join("")}
        <div class="grid"><div><h3>Rows a second, last minute</h3>${trend(r.trend)}
        <dl><dt>requests/s</dt><dd>${short(r.requests)}</dd><dt>rows/s</dt><dd>${short(r.rows)}</dd>
        <dt>waiting now</dt><dd>${short(model.waiting)}</dd>
        <dt>requests, rows in all</dt><dd>${short(model.requests)}, ${short(model.rows)}</dd>
        <dt>failed</dt><dd>${trouble || "0"}</dd></dl></div>
        <div><h3>Latency of requests</h3>${histogram(model.latencies, limits)}${split(model)}</div>
        <div><h3>Batches by size</h3>${sizes(model)}</div></div></article>`;
    }

    function draw(now, before) {
      const seconds = before ? now.uptime - before.uptime : 0;
      document.title = now.name + ": " + now.state;
      $("name").textContent = now.name + " " + now.version;
      $("state").textContent = now.state;
      $("state").className = pill(now.state);
      $("where").textContent = now.listening.join("  ·  ") + "  ·  up " + span(now.uptime);
      const all = now.models.map(m => rates(m, before, seconds));
      const sum = key => all.reduce((a, r) => a + r[key], 0);
      const waiting = now.models.reduce((a, m) => a + m.waiting, 0);
      $("totals").innerHTML = [
        [short(sum("requests")), "requests a second"], [short(sum("rows")), "rows a second"],
        [short(waiting), "requests waiting"], [short(now.active), "requests at work"],
        [Math.round(now.cpu * 100) + " %", "processors in use"],
        [bytes(now.memoryUsed), "of " + bytes(now.memoryTotal) + " memory"],
      ].map(([value, label]) => `<div class="total"><b>${value}</b><span>${label}</span></div>`).join("");
      $("models").innerHTML = now.models.map((m, i) => card(m, all[i], now.latencyLimits)).join("");
      $("empty").hidden = now.models.length > 0;
      if (now.metricsPort) {
        $("metrics").href = location.protocol + "//" + location.hostname + ":" + now.metricsPort + "/metrics";
        $("metrics").hidden = false;
      }
      $("updated").textContent = "updated " + new Date().toLocaleTimeString();
    }

    async function refresh() {
      try {
        if (!document.hidden) {
          const answer = await fetch("status.json", { cache: "no-store" });
          const now = await answer.json();
          draw(now, last);
          last = now;
          document.body.classList.remove("lost");
        }
      } catch (error) {
        document.body.classList.add("lost");
        $("state").textContent = "not answering";
        $("state").className = "pill bad";
      }
      setTimeout(refresh, 1000);
    }
    refresh();
    """#
}
