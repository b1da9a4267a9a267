extension StatusPage {
  static let style = """
    :root {
      --page: #f6f5f1; --card: #fffefb; --line: #e2dfd6; --text: #22252a; --soft: #6c6f75;
      --accent: #1f8a7d; --accent-soft: #bfe0da; --warm: #d98324; --bad: #c0392b; --blue: #3f6fb5;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --page: #15181c; --card: #1d2126; --line: #30363d; --text: #e6e4de; --soft: #979ca4;
        --accent: #4cc2b0; --accent-soft: #21544d; --warm: #e9a85a; --bad: #ef7a6d; --blue: #7fa8e6;
      }
    }
    * { box-sizing: border-box; }
    body {
      margin: 0 auto; max-width: 76rem; padding: 1.5rem 1.25rem 3rem; background: var(--page);
      color: var(--text); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
      font-variant-numeric: tabular-nums;
    }
    header { display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem .8rem; }
    h1 { font-size: 1.5rem; margin: 0; letter-spacing: -.01em; }
    header p { margin: 0; color: var(--soft); flex-basis: 100%; }
    .pill {
      border-radius: 1rem; padding: .05rem .7rem; font-size: .82rem; font-weight: 600;
      background: var(--line); color: var(--soft);
    }
    .pill.ready { background: var(--accent-soft); color: var(--accent); }
    @media (prefers-color-scheme: light) { .pill.ready { color: #11594f; } }
    .pill.bad { background: transparent; color: var(--bad); box-shadow: inset 0 0 0 1px var(--bad); }
    .pill.wait { background: transparent; color: var(--warm); box-shadow: inset 0 0 0 1px var(--warm); }
    #totals {
      display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .75rem;
      margin: 1.25rem 0;
    }
    .card, .total {
      background: var(--card); border: 1px solid var(--line); border-radius: .7rem;
    }
    .total { padding: .6rem .9rem; }
    .total b { display: block; font-size: 1.35rem; line-height: 1.3; font-weight: 600; }
    .total span, .label { color: var(--soft); font-size: .82rem; }
    #models { display: grid; gap: 1rem; }
    .card { padding: 1rem 1.2rem 1.1rem; }
    .card h2 { font-size: 1.12rem; margin: 0; display: inline; }
    .top { display: flex; flex-wrap: wrap; align-items: baseline; gap: .2rem .7rem; }
    .signature { color: var(--soft); font-size: .88rem; margin: .15rem 0 .8rem; overflow-wrap: anywhere; }
    .signature code { color: var(--text); font: .95em ui-monospace, SFMono-Regular, Menlo, monospace; }
    .grid { display: grid; gap: 1rem 2rem; grid-template-columns: 1.1fr 1.5fr 1.2fr; }
    @media (max-width: 54rem) { .grid { grid-template-columns: 1fr; } }
    h3 { font-size: .82rem; font-weight: 600; color: var(--soft); margin: 0 0 .35rem; }
    dl { display: grid; grid-template-columns: auto 1fr; gap: .05rem .9rem; margin: 0; }
    dt { color: var(--soft); } dd { margin: 0; text-align: right; font-weight: 550; }
    svg { display: block; width: 100%; max-width: 32rem; overflow: visible; }
    svg text { fill: var(--soft); font-size: 10px; }
    .bar { fill: var(--accent); } .rest { fill: var(--line); } .area { fill: var(--accent-soft); }
    .trend { fill: none; stroke: var(--accent); stroke-width: 1.5; vector-effect: non-scaling-stroke; }
    .mark { stroke: var(--warm); stroke-dasharray: 3 2; } svg text.marktext { fill: var(--warm); }
    .axis { stroke: var(--line); }
    .sizes { display: grid; grid-template-columns: auto 1fr auto; gap: .2rem .6rem; align-items: center;
      font-size: .86rem; }
    .track { height: .65rem; border-radius: .2rem; background: var(--line); overflow: hidden; }
    .track i { display: block; height: 100%; background: var(--blue); }
    .split { display: flex; height: .65rem; border-radius: .2rem; overflow: hidden; background: var(--line);
      margin-top: .2rem; }
    .split i { display: block; }
    .legend { display: flex; flex-wrap: wrap; gap: .1rem .9rem; font-size: .8rem; color: var(--soft);
      margin-top: .3rem; }
    .legend i { display: inline-block; width: .6rem; height: .6rem; border-radius: .15rem; margin-right: .3rem; }
    .reason { color: var(--bad); font-size: .88rem; margin: 0 0 .6rem; overflow-wrap: anywhere; }
    .note { color: var(--warm); font-size: .88rem; margin: 0 0 .6rem; overflow-wrap: anywhere; }
    footer { display: flex; gap: 1.2rem; color: var(--soft); font-size: .82rem; margin-top: 1.4rem; }
    footer a { color: inherit; }
    body.lost main { opacity: .45; }
    """
}
