package sqldb

import (
	"context"
	"database/sql"
	"time"
)

// LoseCommits makes each COMMIT wait until its time is over and never be sent. It and a ROLLBACK have so much time each.
func (d *DB) LoseCommits(ending time.Duration) {
	d.EndIn(ending)
	d.each(func(s *session) {
		s.commit = func(ctx context.Context, _ *sql.Conn) error {
			<-ctx.Done()
			return ctx.Err()
		}
	})
}

// EndIn gives each COMMIT and each ROLLBACK so much time.
func (d *DB) EndIn(ending time.Duration) { d.each(func(s *session) { s.ending = ending }) }

// each changes all sessions that there are; ones that come after a connection was dropped are as usual.
func (d *DB) each(change func(*session)) {
	for _, p := range []*sessions{d.writers, d.snapshots} {
		for range cap(p.free) {
			s := <-p.free
			change(s)
			p.free <- s
		}
	}
}

// BeginWith adds statements to what begins a transaction, until undone.
func (d *DB) BeginWith(more string) (undo func()) {
	begin, snapshot := d.dialect.begin, d.dialect.snapshot
	d.dialect.begin, d.dialect.snapshot = begin+"; "+more, snapshot+"; "+more
	return func() { d.dialect.begin, d.dialect.snapshot = begin, snapshot }
}
