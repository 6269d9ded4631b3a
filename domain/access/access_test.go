package access_test

import (
	"testing"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/access"
	"github.com/partnerledger/partnerledger/domain/domaintest"
)

// TestRecordRead: a read is on record with who and why, each time.
func TestRecordRead(t *testing.T) {
	ann := domain.Actor{UserPrincipalName: "ann@auditor.example"}
	read := access.RecordRead{ReaderTenantID: "4b908c9a-e2eb-4713-a8c1-2d429a55b123", Month: "2024-05", What: "addresses", Subjects: 3, Reason: "audit"}
	reasonless := read
	reasonless.Reason = "\n"
	domaintest.Run(t, domaintest.Rules{Decide: domain.Deciding(access.Fold, access.Decide), Folds: []domain.AnyFold{access.Fold}}, []domaintest.Case{
		{Name: "read", Actor: ann, When: read, Then: []domain.Event{access.PersonalDataRead{What: "addresses", Subjects: 3, Reason: "audit"}},
			AgainRecords: "each read counts"},
		{Name: "by nobody", When: read, Refused: access.ReaderMissing},
		{Name: "for nothing", Actor: ann, When: reasonless, Refused: access.ReasonMissing},
	})
}
