/** The grey shape of what is about to be there. */

export function SkeletonLines({ count }: { count: number }) {
  return (
    <div class="skeleton" role="status" aria-label="Loading">
      {Array.from({ length: count }, (_, line) => (
        // The lines are all the same.
        <span key={line} style={{ width: `${92 - ((line * 29) % 47)}%` }} />
      ))}
    </div>
  );
}

export function SkeletonBox({ height }: { height: number }) {
  return <div class="skeleton skeleton-box" role="status" aria-label="Loading" style={{ height: `${height}px` }} />;
}
