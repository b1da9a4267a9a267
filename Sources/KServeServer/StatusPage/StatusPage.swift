/// The page at `/`: models, rates, latencies, queues and batches, for a person to look at.
///
/// The page is one document without anything from elsewhere. Its script asks for `status.json`
/// every second and draws; rates are differences between two answers.
enum StatusPage {
  /// The whole page.
  static let html = """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>Model server</title>
    <link rel="icon" href="data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' \
    viewBox='0 0 16 16'><circle cx='8' cy='8' r='7' fill='%232a9d8f'/></svg>">
    <style>
    \(style)
    </style>
    </head>
    <body>
    <header>
      <h1 id="name">Model server</h1>
      <span id="state" class="pill">connecting</span>
      <p id="where"></p>
    </header>
    <main>
      <section id="totals" aria-label="Totals"></section>
      <section id="models" aria-label="Models"></section>
      <p id="empty" hidden>No models are bound.</p>
    </main>
    <footer>
      <span id="updated"></span>
      <a href="status.json">status.json</a>
      <a href="v2">v2</a>
      <a id="metrics" hidden>metrics</a>
    </footer>
    <noscript>This page draws itself with JavaScript; the numbers are in status.json.</noscript>
    <script>
    \(script)
    </script>
    </body>
    </html>

    """
}
