-- Cases without a due day stand behind those with one.
UPDATE licensing_cases SET due = '9999-12-31' WHERE due = '';
