// Starts GraphiQL with the key that stands behind # in the address: that part never leaves the browser.

const FIRST_QUERY = `# Who is about to leave, and why?
# Ctrl-Enter runs this, Ctrl-Space completes.
# Your API key stands below, under Headers.

query CustomersAtRisk {
  accounts(
    first: 10
    where: { lifecycleStage: { eq: AT_RISK } }
  ) {
    totalCount
    nodes {
      name
      industry
      owner
      activities(first: 3) {
        nodes {
          occurredAt
          kind
          subject
          sentiment
        }
      }
    }
  }
}
`;

function keyFromAddress() {
  const key = new URLSearchParams(location.hash.slice(1)).get("key");
  if (key) {
    sessionStorage.setItem("tenure:key", key);
    history.replaceState(null, "", location.pathname + location.search);
  }
  return sessionStorage.getItem("tenure:key");
}

function start() {
  const key = keyFromAddress();
  const headers = { Authorization: `Bearer ${key ?? "YOUR_KEY"}` };
  const ide = React.createElement(GraphiQL, {
    // Subscriptions go over a WebSocket: the headers below, with the key, come with its first message.
    fetcher: GraphiQL.createFetcher({
      url: location.pathname,
      subscriptionUrl: location.origin.replace(/^http/, "ws") + location.pathname,
    }),
    defaultQuery: FIRST_QUERY,
    defaultHeaders: JSON.stringify(headers, null, 2),
    defaultEditorToolsVisibility: "headers",
    inputValueDeprecation: true,
    shouldPersistHeaders: false,
  });
  ReactDOM.createRoot(document.getElementById("ide")).render(ide);
}

if (typeof GraphiQL === "function") {
  start();
}
