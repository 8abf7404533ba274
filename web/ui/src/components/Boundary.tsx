/** Catches what no page expected, so that one broken page still says what happened and how to go on. */

import { Component, type ComponentChildren } from "preact";
import { problemFrom } from "../api/problem";

interface Props {
  children: ComponentChildren;
  /** A new value is a new page: what was caught on the old one is forgotten. */
  place: string;
}

interface State {
  thrown: unknown;
  at: string | null;
}

export class Boundary extends Component<Props, State> {
  override state: State = { thrown: null, at: null };

  override componentDidCatch(thrown: unknown): void {
    console.error(thrown);
    this.setState({ thrown, at: this.props.place });
  }

  override render() {
    const { thrown, at } = this.state;
    if (thrown === null || at !== this.props.place) return this.props.children;
    const problem = problemFrom(thrown);
    return (
      <section class="lonely" role="alert">
        <h1>This page stopped working</h1>
        <p>
          Something unexpected happened. Loading the page again usually helps; if not, tell your administrator this:
        </p>
        <p>
          <code>{problem.message}</code>
        </p>
        {problem.requestId && (
          <p>
            Request <code>{problem.requestId}</code>
          </p>
        )}
        <p>
          <button type="button" class="button button-primary" onClick={() => window.location.reload()}>
            Load again
          </button>
        </p>
      </section>
    );
  }
}
