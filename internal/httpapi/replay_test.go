package httpapi_test

import (
	"bufio"
	"context"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/eventstore/memory"
	"github.com/partnerledger/partnerledger/internal/httpapi"
)

// slowLog is a log whose reading takes until it is allowed to go on, or its reader gives up.
type slowLog struct {
	eventstore.Store
	reading chan struct{}
	ended   chan error
	goOn    chan struct{}
}

func (l slowLog) ReadAll(ctx context.Context, after eventstore.Position) iter.Seq2[eventstore.Recorded, error] {
	return func(yield func(eventstore.Recorded, error) bool) {
		l.reading <- struct{}{}
		select {
		case <-ctx.Done():
			l.ended <- ctx.Err()
			yield(eventstore.Recorded{}, ctx.Err())
		case <-l.goOn:
			for r, err := range l.Store.ReadAll(ctx, after) {
				if !yield(r, err) {
					return
				}
			}
		}
	}
}

func replayServer(t *testing.T) (*httptest.Server, *httpapi.API, slowLog) {
	t.Helper()
	log := slowLog{memory.New(), make(chan struct{}, 10), make(chan error, 10), make(chan struct{})}
	api := httpapi.New(httpapi.Options{Log: log, Now: time.Now, Logger: slog.New(slog.NewTextHandler(t.Output(), nil))})
	s := httptest.NewServer(api)
	t.Cleanup(s.Close)
	return s, api, log
}

// asked sends a request for a replay; hang up to break it off.
func asked(t *testing.T, server, query string) (answer chan *http.Response, hangUp func()) {
	t.Helper()
	ctx, hangUp := context.WithCancel(t.Context())
	t.Cleanup(hangUp)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, server+"/v1/replay?"+query, nil)
	require.NoError(t, err)
	answer = make(chan *http.Response, 1)
	go func() {
		if response, err := http.DefaultClient.Do(request); err == nil {
			answer <- response
		}
	}()
	return answer, hangUp
}

func lastLine(t *testing.T, r *http.Response) (last string) {
	t.Helper()
	defer r.Body.Close()
	for lines := bufio.NewScanner(r.Body); lines.Scan(); {
		last = lines.Text()
	}
	return last
}

// Ensure a few replays run at once and more are refused, with a code and when to ask again; and that who hangs up ends
// the replay and makes room, whether it folds or checks.
func TestReplay_PlacesAreFew(t *testing.T) {
	s, _, log := replayServer(t)
	_, firstHangsUp := asked(t, s.URL, "until=1000")
	_, secondHangsUp := asked(t, s.URL, "check=true")
	<-log.reading
	<-log.reading
	refused, _ := asked(t, s.URL, "check=true")
	r := <-refused
	text, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	require.NoError(t, r.Body.Close())
	require.Equal(t, http.StatusServiceUnavailable, r.StatusCode)
	require.Equal(t, "10", r.Header.Get("Retry-After"))
	require.Contains(t, string(text), `"code":"replay-busy"`)

	for _, hangUp := range []func(){firstHangsUp, secondHangsUp} {
		hangUp()
		require.ErrorIs(t, <-log.ended, context.Canceled)
	}
	close(log.goOn)
	require.Eventually(t, func() bool {
		answer, _ := asked(t, s.URL, "check=true")
		r := <-answer
		return lastLine(t, r) != "" && r.StatusCode == http.StatusOK
	}, 10*time.Second, time.Millisecond, "their places are free again")
}

// Ensure a ledger that stops ends its replays, and that they say so instead of looking whole.
func TestReplay_StopsWithTheLedger(t *testing.T) {
	s, api, log := replayServer(t)
	answer, _ := asked(t, s.URL, "check=true")
	<-log.reading
	api.Stop()
	require.ErrorIs(t, <-log.ended, context.Canceled)
	require.Contains(t, lastLine(t, <-answer), `{"problem":{`)
}

// Ensure what contradicts itself is refused before anything is read.
func TestReplay_Refusals(t *testing.T) {
	api := described(t)
	for query, want := range map[string]string{
		"":                     "say what to do: either until or check",
		"until=12&check=true":  "say what to do: either until or check",
		"until=yesterday":      "neither a time like 2022-03-15T00:00:00Z nor a position",
		"check=true&follow=x":  "a check follows nobody",
		"until=12&follow=%22":  "is no id",
		"until=12&reveal=true": "Say who reads",
		"until=12&reveal=true&reader=ann@auditor.example&readerTenant=00000000-0000-4000-8000-0000000000aa": "Say why",
	} {
		w := get(t, api, "/v1/replay?"+query)
		require.Equal(t, http.StatusUnprocessableEntity, w.Code, query)
		require.Contains(t, w.Body.String(), want, query)
	}
}
