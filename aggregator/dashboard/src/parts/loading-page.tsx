/** Takes the place of the page until the first data is here. */
export function LoadingPage() {
  return (
    <div className="page-grid" aria-busy="true" data-testid="loading">
      <p className="visually-hidden" role="status">
        Loading
      </p>
      <div className="card skeleton span-12 skeleton-hero" />
      {[0, 1, 2, 3].map((index) => (
        <div key={index} className="card skeleton span-3 skeleton-stat" />
      ))}
      <div className="card skeleton span-6 skeleton-chart" />
      <div className="card skeleton span-6 skeleton-chart" />
    </div>
  );
}
