package licensing

import (
	"encoding/json"
	"strconv"
	"strings"

	"anlan/internal/kernel"
	"anlan/internal/web"
	"anlan/licensing/rule"
	"anlan/ui"
)

// rulesRoutes are the rules of the items as dated data.
func (h *Pages) rulesRoutes() []web.Route {
	return []web.Route{
		inNav(console("GET", "/licensing/rules", PermRead, h.rules), "rules", "book", 13),
		console("GET", "/licensing/rules/{item}", PermRead, h.ruleItem),
		console("GET", "/licensing/rules/{item}/new", PermRules, h.newRule),
		console("POST", "/licensing/rules/{item}", PermRules, h.proposeRule),
		console("GET", "/licensing/rule-versions/{id}", PermRead, h.ruleVersion),
		console("POST", "/licensing/rule-versions/{id}/answer", PermRulesSign, h.answerRule),
		console("POST", "/licensing/rule-versions/{id}/withdraw", PermRules, h.withdrawRule),
	}
}

// rulesView lists the items with the rules in force today.
type rulesView struct {
	Categories []ruleCategory
	Waiting    []*RuleDraft
	Titles     map[string]kernel.Text
}

type ruleCategory struct {
	rule.Category
	Items []ruleLine
}

// ruleLine is an item with its version in force and what is to come.
type ruleLine struct {
	*rule.Item
	Now  *rule.Version
	Next *rule.Version
}

func (h *Pages) rules(r *web.Request) error {
	all, err := h.s.Catalogue(r.Context())
	if err != nil {
		return err
	}
	v := rulesView{Titles: map[string]kernel.Text{}}
	for _, c := range all.Categories() {
		group := ruleCategory{Category: c}
		for _, it := range all.ItemsOf(c.ID) {
			line := ruleLine{Item: it}
			line.Now, _ = it.At(r.Today())
			for _, x := range it.Versions {
				if x.EffectiveFrom.After(r.Today()) {
					line.Next = x
					break
				}
			}
			v.Titles[it.ID] = it.Title
			group.Items = append(group.Items, line)
		}
		v.Categories = append(v.Categories, group)
	}
	if v.Waiting, err = h.s.RuleDrafts(r.Context(), r.Principal, ""); err != nil {
		return err
	}
	return r.Render("licensing/rules", v)
}

// ruleItemView is an item with all its versions, the newest first.
type ruleItemView struct {
	*rule.Item
	Versions []*rule.Version
	Now      string // id of the version in force
	Drafts   []*RuleDraft
}

func (h *Pages) ruleItem(r *web.Request) error {
	all, err := h.s.Catalogue(r.Context())
	if err != nil {
		return err
	}
	it, ok := all.ItemByID(r.PathValue("item"))
	if !ok {
		return kernel.Missing("item", r.PathValue("item"))
	}
	v := ruleItemView{Item: it}
	for i := len(it.Versions) - 1; i >= 0; i-- {
		v.Versions = append(v.Versions, it.Versions[i])
	}
	if now, ok := it.At(r.Today()); ok {
		v.Now = now.ID
	}
	if v.Drafts, err = h.s.RuleDrafts(r.Context(), r.Principal, it.ID); err != nil {
		return err
	}
	return r.Render("licensing/rule_item", v)
}

// ruleForm is the form of a new version, filled from the one in force.
type ruleForm struct {
	Item        *rule.Item
	Base        *rule.Version
	Body        string
	Units       []ui.Option
	Confidences []ui.Option
	Transitions []ui.Option
}

func (h *Pages) loadRuleForm(r *web.Request) (ruleForm, error) {
	all, err := h.s.Catalogue(r.Context())
	if err != nil {
		return ruleForm{}, err
	}
	it, ok := all.ItemByID(r.PathValue("item"))
	if !ok {
		return ruleForm{}, kernel.Missing("item", r.PathValue("item"))
	}
	v := ruleForm{Item: it, Base: it.Versions[len(it.Versions)-1], Units: options(r, "licensing.rules.unit.", []string{"wd", "natural"}),
		Confidences: options(r, "licensing.rules.confidence.", []rule.Confidence{rule.High, rule.Medium, rule.Low}),
		Transitions: options(r, "licensing.rules.transition.", []string{toShorter, string(rule.ToNew), string(rule.StayOld)})}
	body, err := json.MarshalIndent(v.Base, "", "  ")
	v.Body = string(body)
	return v, err
}

func (h *Pages) newRule(r *web.Request) error {
	v, err := h.loadRuleForm(r)
	if err != nil {
		return err
	}
	return r.Render("licensing/rule_new", v)
}

func (h *Pages) proposeRule(r *web.Request) error {
	item := r.PathValue("item")
	body, err := ruleBody(r)
	id := ""
	if err == nil {
		id, err = h.s.ProposeRule(r.Context(), r.Principal, item, body, r.Sent().Get("reason"))
	}
	if err != nil {
		return again(r, "licensing/rule_new", h.loadRuleForm, err)
	}
	return done(r, "/licensing/rule-versions/"+id)
}

// toShorter is rule.ToShorter, the zero value, as the form sends it.
const toShorter = "shorter"

// ruleBody lays the fields of the form over the whole version as JSON.
func ruleBody(r *web.Request) ([]byte, error) {
	get := r.Sent().Get
	var value map[string]any
	if err := json.Unmarshal([]byte(get("body")), &value); err != nil || value == nil {
		return nil, kernel.Bad("body", "json", "")
	}
	value["effective_from"], value["transition"] = get("effective_from"), strings.TrimPrefix(get("transition"), toShorter)
	put(value, "source", "law", get("source.law"))
	put(value, "source", "clause", get("source.clause"))
	put(value, "source", "confidence", get("source.confidence"))
	put(value, "statutory", "unit", get("statutory.unit"))
	for _, limit := range []string{"statutory", "promised"} {
		text := get(limit + ".n")
		if text == "" && limit == "promised" {
			delete(value, limit)
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil {
			return nil, kernel.Bad(limit+".n", "integer", text)
		}
		if _, ok := value[limit]; !ok { // promised for the first time
			value[limit] = map[string]any{"unit": get("statutory.unit"), "source": value["source"]}
		}
		put(value, limit, "n", n)
	}
	return json.Marshal(value)
}

// put sets a value inside an object.
func put(value map[string]any, object, name string, to any) {
	in, ok := value[object].(map[string]any)
	if !ok {
		in = map[string]any{}
		value[object] = in
	}
	in[name] = to
}

// ruleView is one version with what it changes.
type ruleView struct {
	*RuleDraft
	Title kernel.Text
	Body  string
	Own   bool // the reader wrote it
}

func (h *Pages) loadRule(r *web.Request) (ruleView, error) {
	d, err := h.s.RuleVersion(r.Context(), r.Principal, r.PathValue("id"))
	if err != nil {
		return ruleView{}, err
	}
	body, err := json.MarshalIndent(d.Version, "", "  ")
	return ruleView{d, h.s.itemTitle(d.Item), string(body), d.Made.ID == r.Actor().ID}, err
}

func (h *Pages) ruleVersion(r *web.Request) error {
	v, err := h.loadRule(r)
	if err != nil {
		return err
	}
	return r.Render("licensing/rule_version", v)
}

func (h *Pages) answerRule(r *web.Request) error {
	sign, err := choiceSent(r, "verdict", "approve", "decline")
	if err == nil {
		err = h.s.AnswerRule(r.Context(), r.Principal, r.PathValue("id"), sign, r.Sent().Get("answer"))
	}
	return h.afterRule(r, err)
}

func (h *Pages) withdrawRule(r *web.Request) error {
	return h.afterRule(r, h.s.WithdrawRule(r.Context(), r.Principal, r.PathValue("id")))
}

func (h *Pages) afterRule(r *web.Request, err error) error {
	if err != nil {
		return again(r, "licensing/rule_version", h.loadRule, err)
	}
	return done(r, "/licensing/rule-versions/"+r.PathValue("id"))
}
