// Starts GraphiQL with the API key from the URL fragment, which the browser never sends to a server.

const FIRST_QUERY = `# Customers at risk, with their last three activities.
# Press Ctrl-Enter to run the query, Ctrl-Space to complete.
# The API key is under Headers, below.

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
    // Subscriptions use a WebSocket. Its first message contains the headers, and thereby the API key.
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
  // Opening the address with another key in this tab changes only the fragment.
  window.addEventListener("hashchange", () => location.reload());
}
